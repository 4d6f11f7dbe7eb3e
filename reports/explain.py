"""Why a part is stocked, ordered and sent as the plan says: plain sentences with figures, units and money."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import zip_longest
from math import isnan

import pandas as pd

from domain.counts import quantile
from domain.forecast import point_variance
from domain.network import Network
from domain.problems import ZapasError
from domain.service import service_targets
from reports import words
from reports.tables import Frames, good_stock

_MOST = 4  # sites, orders or shipments told one by one
_AHEAD = (4, 13)  # weeks of demand told


@dataclass(frozen=True)
class _Question:
    """One part, at one site or everywhere (""), with the rows of network and plan that speak of it.

    around: the sites that matter to the answer: the site with its depot and hub, or all.
    """

    frames: Frames
    network: Network
    part: str
    site: str
    around: frozenset[str]

    @property
    def currency(self) -> str:
        return self.network.settings.currency

    def rows(self, name: str) -> pd.DataFrame:
        """Rows of an artefact that are of this part."""
        frame = self.frames[name]
        return frame[frame["part"] == self.part]

    def facts(self, name: str) -> pd.DataFrame:
        """Rows of a table of the network that are of this part."""
        frame: pd.DataFrame = getattr(self.network, name)
        return frame[frame["part"] == self.part]

    def day(self, when: pd.Timestamp) -> str:
        return words.day(when, self.network.settings.as_of)

    def money(self, amount: float) -> str:
        return words.money(amount, self.currency)


def explain(
    frames: Frames,
    network: Network,
    part: str,
    site: str | None = None,
) -> list[str]:
    """What the plan does about a part, at one site or everywhere, and why.

    `frames` are a plan's artefacts by name; `forecast` may hold the part's rows only. Raises
    ZapasError for a part or site the network does not have, naming the nearest.
    """
    _known(part, network.parts["part"], "part")
    if site is not None:
        _known(site, network.sites["site"], "site")
    around = frozenset(network.sites["site"]) if site is None else _around(network, site)
    question = _Question(frames, network, part, site or "", around)
    told: tuple[Callable[[_Question], list[str]], ...] = (
        _what_it_is, _demand, _overrides, _stock, _under_way, _repairs, _targets, _orders, _shipments, _moves,
        _exceptions,
    )  # fmt: skip
    return [sentence for tell in told for sentence in tell(question)]


def _known(name: str, known: "pd.Series[str]", what: str) -> None:
    if (known == name).any():
        return
    similar = get_close_matches(name, known.tolist(), n=20, cutoff=0.5)
    nearest = sorted(similar, key=lambda one: sum(a != b for a, b in zip_longest(one, name)))[:3]
    hint = f"; did you mean {' or '.join(nearest)}?" if nearest else "."
    raise ZapasError(f"There is no {what} {name} in this plan{hint}")


def _around(network: Network, site: str) -> frozenset[str]:
    region = str(network.site_of.loc[site, "region"])
    origins = network.sites.loc[network.sites["kind"] == "origin", "site"]
    depot = network.depot_of_region.get(region)
    return frozenset({site, *origins, *([depot] if depot else [])})


def _what_it_is(q: _Question) -> list[str]:
    row = q.facts("parts").iloc[0]
    supplier = q.network.suppliers.set_index("supplier")["lead_time_days"]
    source = f"bought from {row['supplier']}" if row["supplier"] else "bought when it leaves the hub"
    if row["supplier"] in supplier.index:
        source += f", {words.number(supplier[row['supplier']])} days after ordering"
    lot = f", at least {row['moq']:,} at a time" if row["moq"] > 1 else ""
    multiple = f", in multiples of {row['order_multiple']:,}" if row["order_multiple"] > 1 else ""
    name = f"{q.part} {words.shortened(row['name'])}".strip()
    return [f"{name} ({row['part_class']}): {q.money(row['unit_cost'])} a piece, {source}{lot}{multiple}."]


def _demand(q: _Question) -> list[str]:
    rows = q.rows("forecast")
    place = f"all {rows['region'].nunique()} regions"
    if q.site and (region := str(q.network.site_of.loc[q.site, "region"])):
        rows, place = rows[rows["region"] == region], f"region {region}"
    if rows.empty:
        return [f"Demand: none is expected in {place if q.site else 'any region'}."]
    lines = [f"Demand expected in {place}: {_ahead(rows)}."]
    shares = q.frames.get("shares")
    if q.site and shares is not None:
        own = shares[(shares["part"] == q.part) & (shares["site"] == q.site)]["share"]
        for share in own:
            mean, variance = rows["cumulative_mean"], rows["cumulative_variance"]
            here = point_variance(share, mean, variance, rows["dispersion"])
            at_site = rows.assign(cumulative_mean=share * mean, cumulative_variance=here)
            lines.append(f"{q.site} has {words.percent(float(share))} of it: {_ahead(at_site)}.")
    return lines


def _ahead(rows: pd.DataFrame) -> str:
    """Cumulative demand of these forecast rows a month and a quarter ahead; each region has a rate of its own."""
    by_week = rows.groupby("week", sort=True)[["cumulative_mean", "cumulative_variance"]].sum().iloc[: _AHEAD[-1]]
    said = []
    for n in [weeks for weeks in _AHEAD if weeks <= len(by_week)] or [len(by_week)]:
        mean, variance = (float(figure) for figure in by_week.iloc[n - 1])
        most = int(quantile(mean, variance, 0.95))
        said.append(f"{words.pieces(round(mean, 1))} in {words.count(n, 'week')} ({most:,} are {words.enough(0.95)})")
    return ", ".join(said)


def _overrides(q: _Question) -> list[str]:
    """Where a planner's figure holds instead of the system's, with author and reason."""
    if "overrides" not in q.frames:
        return []
    rows = q.rows("overrides")
    if q.site and (region := str(q.network.site_of.loc[q.site, "region"])):
        rows = rows[rows["region"] == region]
    lines = []
    for (where, author, reason, _), one in rows.groupby(["region", "author", "reason", "created"], sort=True):
        lines.append(
            f"For {words.count(len(one), 'week')} from {q.day(one['week'].min())} the planner ({author}, {reason}) "
            f"expects {words.number(one['override'].mean())} a week in {where}, "
            f"the system {words.number(one['system'].mean())}."
        )
    return _first(lines, "planner's figure", "planner's figures")


def _stock(q: _Question) -> list[str]:
    stock = good_stock(q.network)
    stock = stock[(stock["part"] == q.part) & stock["site"].isin(q.around) & (stock["on_hand"] > 0)]
    stock = stock.sort_values(["on_hand", "site"], ascending=[False, True], kind="stable")
    at = [f"{row['on_hand']:,} at {row['site']}" for row in stock.to_dict("records")]
    near = "" if q.site == "" else " nearby"
    lines = [f"In stock{near}: {words.listed(at, 8)}." if at else f"In stock{near}: none."]
    idle = q.facts("stock")
    idle = idle[(idle["condition"] != "good") & idle["site"].isin(q.around) & (idle["on_hand"] > 0)]
    lines += [
        f"Not counted: {on_hand:,} at {site}, {condition}."
        for site, condition, on_hand in idle[["site", "condition", "on_hand"]].itertuples(index=False, name=None)
    ]
    return lines


def _under_way(q: _Question) -> list[str]:
    inbound = q.facts("inbound")
    inbound = inbound[inbound["destination"].isin(q.around)].sort_values(["expected", "order"])
    as_of = pd.Timestamp(q.network.settings.as_of)
    lines = [
        f"On its way: {row['quantity']:,} to {row['destination']}, "
        + ("late since " if row["expected"] <= as_of else "expected ")
        + f"{q.day(row['expected'])} (order {row['order']}, {row['status']})."
        for row in inbound.to_dict("records")
    ]
    return _first(lines, "order under way", "orders under way")


def _repairs(q: _Question) -> list[str]:
    waiting = q.facts("repair_orders")
    waiting = waiting[waiting["site"].isin(q.around)].sort_values(["due", "repair_order"])
    lines = [
        f"Repair {row['repair_order']} at {row['site']} waits for {row['quantity']:,}, due {q.day(row['due'])}."
        for row in waiting.to_dict("records")
    ]
    return _first(lines, "repair that waits", "repairs that wait")


def _targets(q: _Question) -> list[str]:
    targets = q.rows("targets")
    targets = targets[targets["site"] == q.site] if q.site else targets
    if targets.empty:
        return ["Stock up to: nothing is kept here." if q.site else "Stock up to: nothing is kept anywhere."]
    at_depot = targets["group"] == ""
    order = targets.assign(_point=~at_depot).sort_values(
        ["_point", "expected_backorders", "site"], ascending=[True, False, True]
    )
    return _first([_target(q, row) for _, row in order.iterrows()], "site", "sites")


def _target(q: _Question, row: "pd.Series[float]") -> str:
    """One site's stock up to, what it achieves, and what one piece more or less is worth."""
    group = str(row["group"])
    target = service_targets(q.network).get(group)
    belongs = f" (group {group}: {words.service_target(target, q.currency)})" if target else f" (group {group})"
    at_hub = q.network.site_of.loc[str(row["site"]), "kind"] == "origin"
    level = int(row["base_stock"])
    if at_hub:
        lines = [f"The hub {row['site']} orders again when stock and orders fall below {level:,}."]
    else:
        behind = " behind the shelves of its points" if not group else belongs
        lines = [f"Stock up to {level:,} at {row['site']}{behind}."]
    if not isnan(row.get("pipeline", float("nan"))):
        source = "ordered from the supplier" if at_hub else "under way there or owed to it"
        lines.append(f"On average {words.pieces(round(row['pipeline'], 2))} are {source}.")
    waiting = words.number(float(row["expected_backorders"]))
    if not group:
        whom = "the depots" if at_hub else "them"
        achieved = f"In place it leaves {waiting} pieces owed to {whom} on an average day"
    elif isnan(row["fill_rate"]):
        achieved = f"In place it leaves {waiting} devices waiting on an average day"
    else:
        share = words.percent(float(row["fill_rate"]))
        achieved = f"In place it serves {share} at once, {waiting} devices wait on an average day"
    if not isnan(row["promised"]):
        achieved += f"; from today's stock the plan serves {words.percent(float(row['promised']))} in the coming weeks"
    if row.get("wait_95_days", 0.0) > 0:
        achieved += f", 19 of 20 wait at most {words.count(int(row['wait_95_days']), 'day')}"
    lines.append(f"{achieved}.")
    next_unit, last_unit = (row.get(f"value_of_{which}_unit", float("nan")) for which in ("next", "last"))
    worth = [
        *([] if isnan(next_unit) else [words.next_unit(next_unit, q.currency)]),
        *([] if isnan(last_unit) else [words.last_unit(last_unit, q.currency)]),
    ]
    if worth:
        lines.append(f"{worth[0][0].upper()}{'; '.join(worth)[1:]}.")
    return " ".join(lines)


def _orders(q: _Question) -> list[str]:
    orders = q.rows("purchase_orders").sort_values(["order_on", "supplier"])
    if orders.empty:
        return ["Nothing is ordered from its supplier in this plan."]
    lines = [
        f"Order {row['quantity']:,} from {row['supplier'] or 'the market'} on {q.day(row['order_on'])} for "
        f"{q.money(row['value'])}, at the hub on {q.day(row['expected'])}{_because(row['reason'])}"
        for row in _once(orders).to_dict("records")
    ]
    return _first(lines, "order", "orders")


def _shipments(q: _Question) -> list[str]:
    shipments = q.rows("shipments")
    to = shipments["lane"].map(q.network.lanes.set_index("lane")["destination"])
    shipments = shipments.assign(to=to)[to.isin(q.around)].sort_values(["departs", "lane"])
    if shipments.empty:
        return ["Nothing is sent from the hub in this plan."]
    lines = [
        f"Send {row['quantity']:,} to {row['to']} by {row['lane']} on {q.day(row['departs'])}, there on "
        f"{q.day(row['arrives'])}, for {q.money(row['cost'])}{_because(row['reason'])}"
        for row in _once(shipments).to_dict("records")
    ]
    return _first(lines, "shipment", "shipments")


def _moves(q: _Question) -> list[str]:
    moves = q.rows("allocations")
    if q.site:
        moves = moves[(moves["to_site"] == q.site) | (moves["from_site"] == q.site)]
    lines = [
        f"Move {row['quantity']:,} from {row['from_site']} to {row['to_site']} on {q.day(row['ships_on'])}"
        + (f" for repair {row['for_repair_order']}" if row["for_repair_order"] else "")
        + _because(row["reason"])
        for row in moves.sort_values(["ships_on", "to_site"]).to_dict("records")
    ]
    return _first(lines, "move", "moves")


def _exceptions(q: _Question) -> list[str]:
    found = q.rows("exceptions")
    found = found[found["site"].isin({*q.around, ""})] if q.site else found
    lines = [
        f"Look at: {row['says'].rstrip('.')} ({row['site'] or 'everywhere'}, {q.money(row['money_at_risk'])} at risk)."
        for row in found.sort_values(["money_at_risk", "kind"], ascending=[False, True]).to_dict("records")
    ]
    return _first(lines, "exception", "exceptions")


def _once(lines: pd.DataFrame) -> pd.DataFrame:
    """A reason that repeats the one before it is said once."""
    return lines.assign(reason=lines["reason"].where(lines["reason"] != lines["reason"].shift(), ""))


def _because(reason: str) -> str:
    return f". Why: {reason.rstrip('.')}." if reason else "."


def _first(lines: list[str], one: str, many: str) -> list[str]:
    """The first lines, and in words how many are left out."""
    left = len(lines) - _MOST
    return [*lines[:_MOST], f"And {left:,} more {one if left == 1 else many}."] if left > 0 else lines
