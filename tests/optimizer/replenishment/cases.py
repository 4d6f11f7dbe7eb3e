"""Planning problems of one part, and the ways a test looks at a problem: planned, judged, as arrays."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from domain.forecast import Forecast
from domain.network import Network
from domain.plan import ReplenishmentPlan, StockTargets
from optimizer.replenishment import Params, replenish
from optimizer.replenishment.coupling import Rows, coupling_rows
from optimizer.replenishment.instance import Instance, build_instance
from optimizer.replenishment.program import PartPlans, Programs
from optimizer.replenishment.week_cost import CostTables
from tests.judge import Judged, recompute
from tests.judge.calendar import Calendar
from tests.random_networks import AS_OF, Case, forecast_frame, shares_frame

BY_PROGRAMS = Params(exact_leaves=0)  # prices and part programs alone, however small the network


def one_leaf(network: Network, mean: float = 0.7, price: float = 100.0, base_stock: int = 1) -> Case:
    """Part A in region R1, all of its demand at point P1: the same mean every week, ψ = 1.5, a = 4."""
    forecast = Forecast(
        as_of=AS_OF,
        part=np.array(["A"], dtype=object),
        region=np.array(["R1"], dtype=object),
        mean=np.full((1, Calendar(network).weeks), mean),
        batch_index=np.array([1.5]),
        rate_shape=np.array([4.0]),
        discount=np.array([1.0]),
        drift=np.array([0.0]),
        share_leaf=np.array([0]),
        share_site=np.array(["P1"], dtype=object),
        share=np.array([1.0]),
    )
    targets = pd.DataFrame([{"part": "A", "site": "P1", "group": "default", "base_stock": base_stock}])
    return Case(network, forecast, forecast_frame(forecast), shares_frame(forecast), targets, {"default": price})


def stock_targets(case: Case) -> StockTargets:
    """The targets of a case as the optimizer reads them."""
    return StockTargets(table=case.targets, waiting_price=case.waiting_price)


def planned(case: Case, params: Params | None = None) -> ReplenishmentPlan:
    """The plan of a case."""
    return replenish(case.network, case.forecast, stock_targets(case), params)


def judged(case: Case, shipments: pd.DataFrame, purchase_orders: pd.DataFrame) -> Judged:
    """What an outsider says of these orders."""
    frames = (case.forecast_frame, case.shares, case.targets)
    return recompute(case.network, *frames, shipments, purchase_orders, case.waiting_price)


@dataclass(frozen=True)
class Arrays:
    """A case as the optimizer computes with it."""

    instance: Instance
    tables: CostTables
    programs: Programs
    rows: Rows

    def at_zero_prices(self) -> PartPlans:
        """The parts' programs as if nothing were shared."""
        return self.programs.price(self.rows.terms(self.instance, np.zeros(len(self.rows.limit))))


def arrays(case: Case) -> Arrays:
    """Instance, cost tables, programs and shared rows of a case."""
    instance = build_instance(case.network, case.forecast, stock_targets(case))
    tables = CostTables(instance)
    return Arrays(instance, tables, Programs(instance, tables), coupling_rows(instance, tables))


def probabilities(mean: float, variance: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """P(N = n), n = 0..1999, of the law with these moments."""
    n = np.arange(2000)
    if variance <= mean * (1 + 1e-9):
        return np.asarray(stats.poisson.pmf(n, mean))
    return np.asarray(stats.nbinom.pmf(n, mean**2 / (variance - mean), mean / variance))
