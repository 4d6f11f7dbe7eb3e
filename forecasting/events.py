"""Declared events: promotions multiply demand, closed days move it (MODEL 1).

Where the repair points of a place are shut (a shutdown) or half empty (a holiday of factor below 1), devices go on
failing: their cases come on the open days that follow, none is lost. A shutdown of a lane, a supplier or a site without
repairs moves goods, not demand. A promotion lifts sales now and failures later: where demand is counted against the
installed base it acts through `sales_factors`, elsewhere directly on demand.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from forecasting.history import History
from forecasting.places import places, usual_shares

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

CATCH_UP_DAYS = 7  # open days over which postponed cases come in
_PLACES = ("all", "country", "region", "site")


def event_factors(network: Network, history: History, bounds: Days, promotions: bool = True) -> Floats:
    """What the events multiply demand by in each period, shape (leaves, periods); 1 where there are none.

    bounds: first day of each period and the day after the last. promotions: whether they act on demand (False for
    leaves whose exposure is the installed base: there they act on sales). An event of factor f on d of a period's n
    days gives 1 + d/n·(f − 1); one for a site, category or model acts on the share of demand that comes from it.
    """
    factors = _open_factors(network, history, bounds)
    kinds = {"holiday", "promotion"} if promotions else {"holiday"}
    for applies_to, lift in _lifts(network, kinds, bounds):
        factors *= 1.0 + _touched(network, history, applies_to)[:, None] * lift
    return factors


def sales_factors(network: Network, months: Days) -> Floats:
    """What promotions multiply the planned sales of each month by, shape (regions, models, months).

    months: first days, ascending; a month that is not after `as_of` keeps 1, for its sales are known. Regions are
    sorted by id, models are the rows of the models table.
    """
    regions = sorted(network.depot_of_region)
    country = network.site_of["country"]
    countries = np.array([country[network.depot_of_region[region]] for region in regions], dtype=object)
    bounds = np.append(months.astype("datetime64[M]"), months[-1:].astype("datetime64[M]") + 1).astype("datetime64[D]")
    planned = bounds[:-1] > np.datetime64(network.settings.as_of, "D")
    factors: Floats = np.ones((len(regions), len(network.models), len(months)))
    for applies_to, lift in _lifts(network, {"promotion"}, bounds):
        where, _, name = applies_to.partition(":")
        region, model = np.ones(len(regions), bool), np.ones(len(network.models), bool)
        if where in ("region", "country"):
            region = (np.array(regions, dtype=object) if where == "region" else countries) == name
        elif where in ("category", "model"):
            model = (network.models[where] == name).to_numpy()
        if where in ("all", "region", "country", "category", "model"):
            factors *= 1.0 + (region[:, None] & model[None, :])[:, :, None] * (lift * planned)
    return factors


def days_within(bounds: Days, start: np.datetime64, end: np.datetime64) -> Floats:
    """Days of every period from `start` to before `end`, shape (periods,)."""
    days = np.minimum(bounds[1:], end) - np.maximum(bounds[:-1], start)
    within: Floats = np.clip(days.astype(np.float64), 0.0, None)
    return within


def caught_up(openness: Floats) -> Floats:
    """Demand of each day where cases of closed days come later, in days' worth, shape (days,).

    openness in [0, 1]: share of a day's cases that come on the day itself. What is missing comes in equal parts on the
    first `CATCH_UP_DAYS` fully open days that follow; what would come after the last day is left out.
    """
    demand = openness.copy()
    fully_open = np.flatnonzero(openness >= 1.0)
    for day in np.flatnonzero(openness < 1.0):
        first = np.searchsorted(fully_open, day)
        demand[fully_open[first : first + CATCH_UP_DAYS]] += (1.0 - openness[day]) / CATCH_UP_DAYS
    return demand


def _events(network: Network) -> Iterator[tuple[str, str, np.datetime64, np.datetime64, float]]:
    """kind, applies_to, first day, day after the last, factor."""
    rows = network.events
    starts, ends = rows["start"].to_numpy("datetime64[D]"), rows["end"].to_numpy("datetime64[D]") + 1
    yield from zip(rows["kind"], rows["applies_to"], starts, ends, rows["factor"], strict=True)


def _lifts(network: Network, kinds: set[str], bounds: Days) -> Iterator[tuple[str, Floats]]:
    """Mean over each period's days of (product of the factors of a target's events − 1), for targets with events."""
    days = np.arange(bounds[0], bounds[-1])
    edges = np.searchsorted(days, bounds[:-1])
    factors: dict[str, Floats] = {}
    for kind, applies_to, start, end, factor in _events(network):
        touched = (days >= start) & (days < end)
        if kind in kinds and not _closes(kind, applies_to, factor) and factor != 1.0 and touched.any():
            factors[applies_to] = factors.get(applies_to, np.ones(len(days))) * np.where(touched, factor, 1.0)
    for applies_to in sorted(factors):
        yield applies_to, np.add.reduceat(factors[applies_to] - 1.0, edges) / np.diff(bounds).astype(np.float64)


def _closes(kind: str, applies_to: str, factor: float) -> bool:
    """Whether the event keeps cases away from its place on its days, to come later."""
    return applies_to.partition(":")[0] in _PLACES and (kind == "shutdown" or (kind == "holiday" and factor < 1.0))


def _open_factors(network: Network, history: History, bounds: Days) -> Floats:
    """What closed days multiply demand by, shape (leaves, periods): cases of a closed day come later."""
    by_site = _sites_open(network, bounds)
    region = network.sites["region"].to_numpy(object)
    factors: Floats = np.ones((len(history.part), len(bounds) - 1))
    if not (by_site != 1.0).any() or not len(history.part):
        return factors
    served = network.sites["kind"].to_numpy(object) != "origin"
    first_of = {name: np.flatnonzero((region == name) & served) for name in set(history.region)}
    if all((by_site[rows] == by_site[rows[0]]).all() for rows in first_of.values()):
        for name, rows in first_of.items():
            factors[history.region == name] = by_site[rows[0]]
        return factors
    found = places(network, history)
    share = usual_shares(history, found)
    for period in np.flatnonzero((by_site != 1.0).any(axis=0)):
        factors[:, period] = np.bincount(found.leaf, share * by_site[found.site, period], len(factors))
    return factors


def _sites_open(network: Network, bounds: Days) -> Floats:
    """Mean over each period's days of the demand of a day at every site, in days' worth, shape (sites, periods)."""
    closing = [event for event in _events(network) if _closes(event[0], event[1], event[4])]
    factors: Floats = np.ones((len(network.sites), len(bounds) - 1))
    if not closing or len(bounds) < 2:
        return factors
    first = min([bounds[0], *(start for _, _, start, _, _ in closing)])
    days = np.arange(first, max([bounds[-1], *(end for _, _, _, end, _ in closing)]) + CATCH_UP_DAYS)
    openness = np.ones((len(network.sites), len(days)))
    for kind, applies_to, start, end, factor in closing:
        touched = np.ix_(_sites_touched(network, applies_to), (days >= start) & (days < end))
        openness[touched] = np.minimum(openness[touched], 0.0 if kind == "shutdown" else factor)
    patterns, pattern = np.unique(openness, axis=0, return_inverse=True)
    edges = np.searchsorted(days, bounds)
    upto = np.stack([np.concatenate([[0.0], np.cumsum(caught_up(row) - 1.0)]) for row in patterns])
    moved = np.diff(upto[:, edges], axis=1) / np.diff(bounds).astype(np.float64)
    return np.asarray(1.0 + np.where(np.abs(moved) > 1e-12, moved, 0.0)[pattern.ravel()])


def _sites_touched(network: Network, applies_to: str) -> npt.NDArray[np.bool_]:
    kind, _, name = applies_to.partition(":")
    return np.ones(len(network.sites), bool) if kind == "all" else (network.sites[kind] == name).to_numpy()


def _touched(network: Network, history: History, applies_to: str) -> Floats:
    """Share of every leaf's demand that an event touches, shape (leaves,)."""
    kind, _, name = applies_to.partition(":")
    if kind == "all":
        return np.ones(len(history.part))
    if kind == "region":
        return np.isin(history.region, [name]).astype(np.float64)
    if kind in ("country", "site"):
        found = places(network, history)
        inside = usual_shares(history, found) * _sites_touched(network, applies_to)[found.site]
        return np.bincount(found.leaf, inside, len(history.part)).astype(np.float64)
    if kind in ("category", "model"):
        return _share_of_models(network, history, (network.models[kind] == name).to_numpy())
    return np.zeros(len(history.part))


def _share_of_models(network: Network, history: History, chosen: npt.NDArray[np.bool_]) -> Floats:
    """Share of usage that names a chosen model; where no usage names a model, the share of fitted models."""
    rows, leaves = history.rows, len(history.part)
    weight = np.clip(rows.quantity, 0, None) * (rows.model >= 0)
    named = np.bincount(rows.leaf, weight, leaves)
    ours = np.bincount(rows.leaf, weight * np.append(chosen, False)[rows.model], leaves)
    names = network.models["model"][chosen]
    fitted = network.fitment["model"].isin(names).groupby(network.fitment["part"]).mean()
    by_fitment = fitted.reindex(pd.Index(history.part)).fillna(0.0).to_numpy()
    return np.where(named > 0, ours / np.where(named > 0, named, 1.0), by_fitment)
