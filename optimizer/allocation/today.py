"""The allocation of today's stock, as a planner and a depot clerk read it."""

from dataclasses import replace

import numpy as np

from domain.forecast import Forecast
from domain.network import Network
from domain.plan import Allocation, StockTargets
from optimizer.allocation.flow import LATER, assign
from optimizer.allocation.ids import Ids
from optimizer.allocation.needs import needs
from optimizer.allocation.offers import offers, problem, sources
from optimizer.allocation.resupply import resupply
from optimizer.allocation.routes import Timetable, routes, transport
from optimizer.allocation.stocks import Inbound, Stocks
from optimizer.allocation.table import Decision, table
from optimizer.allocation.words import exceptions, reasons


def allocate(network: Network, targets: StockTargets, forecast: Forecast) -> Allocation:
    """Serve open repair orders and points below base stock from today's stock at least cost (MODEL 4).

    Cost = transport + waiting. A repair order waits from its due date at its group's price of waiting × the factor of
    its priority; a unit lacking on a shelf at the price × the probability that it is wanted before the next arrival,
    so that in shortage each unit goes where it is likeliest to be wanted. What is left unserved waits for inbound
    orders or an order placed today. Depots and points give to other regions' needs only what their own leave them,
    except that a point's shelf may serve another's repair order at the price of its own need.
    Raises ValueError if targets or forecast name a part or site the network does not have.
    """
    posed = pose(network, targets, forecast)
    decision = replace(posed, chosen=assign(posed.flow))
    served = decision.served()
    return Allocation(table(decision, served, reasons(decision, served)), exceptions(decision, served, network))


def pose(network: Network, targets: StockTargets, forecast: Forecast) -> Decision:
    """The problem of `allocate`, nothing decided: all that is needed waits for a later order."""
    ids, timetable = Ids.of(network), Timetable(network)
    ways = routes(ids, timetable)
    orders = network.repair_orders.sort_values(["part", "site", "repair_order"], ignore_index=True)
    stocks, inbound = Stocks.of(network, targets, ids), Inbound.of(network, ids)
    supplied = resupply(network, timetable, ways, stocks, inbound)
    needed = needs(network, targets, forecast, orders, stocks, supplied)
    found = sources(stocks, inbound, needed)
    moving = transport(network, ids, timetable, stocks.short)
    offered = offers(ids, ways, moving, needed, found)
    flow = problem(ids, ways, moving, needed, found, offered)
    nothing = np.full(len(flow.later_cost), LATER)
    return Decision(ids, ways, orders, stocks, needed, found, offered, flow, nothing)
