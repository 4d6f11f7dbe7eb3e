"""Declared events multiply exposure on their dates (MODEL 1)."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from forecasting.history import History

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]


def event_factors(network: Network, history: History, bounds: Days) -> Floats:
    """What the events multiply demand by in each period, shape (leaves, periods); 1 where there are none.

    bounds: first day of each period and the day after the last. An event of factor f on d of a period's n days gives
    1 + d/n·(f − 1); one for a category or a model acts on the share of the leaf's demand that comes from it.
    Events of a site, lane or supplier move goods, not demand.
    """
    factors: Floats = np.ones((len(history.part), len(bounds) - 1))
    events = network.events[network.events["factor"] != 1.0]
    starts, ends = events["start"].to_numpy("datetime64[D]"), events["end"].to_numpy("datetime64[D]") + 1
    for target, start, end, factor in zip(events["applies_to"], starts, ends, events["factor"], strict=True):
        share_of_days = days_within(bounds, start, end) / np.diff(bounds).astype(np.float64)
        if share_of_days.any():
            factors *= 1.0 + _touched(network, history, target)[:, None] * share_of_days * (factor - 1.0)
    return factors


def days_within(bounds: Days, start: np.datetime64, end: np.datetime64) -> Floats:
    """Days of every period from `start` to before `end`, shape (periods,)."""
    days = np.minimum(bounds[1:], end) - np.maximum(bounds[:-1], start)
    within: Floats = np.clip(days.astype(np.float64), 0.0, None)
    return within


def _touched(network: Network, history: History, applies_to: str) -> Floats:
    """Share of every leaf's demand that an event touches, shape (leaves,)."""
    kind, _, name = applies_to.partition(":")
    if kind == "all":
        return np.ones(len(history.part))
    if kind == "region":
        return np.isin(history.region, [name]).astype(np.float64)
    if kind == "country":
        country = network.site_of["country"]
        inside = [region for region, depot in network.depot_of_region.items() if country[depot] == name]
        return np.isin(history.region, inside).astype(np.float64)
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
