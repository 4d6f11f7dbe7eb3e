"""Exposure: what demand is counted against, in past periods and coming weeks (MODEL 1)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network
from forecasting.events import event_factors
from forecasting.history import History
from forecasting.installed_base.expected import Expected, expected_failures
from forecasting.unmet import observed_share

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
Objects = npt.NDArray[np.object_]

TIME, INSTALLED_BASE = "time", "installed base"
LEAST = 0.02  # of a leaf's usual exposure: what is left of it where no device is known to be in service


@dataclass(frozen=True)
class Exposure:
    """Exposure ≥ 0 of every leaf: past, shape (leaves, periods); future, shape (leaves, weeks).

    basis: "installed base" where it is expected failures of the devices sold, "time" where no sales are known and the
    forecast is that of a time series, shape (leaves,). wander: standard deviation of the log of demand over exposure
    from one week to the next as the installed base shows it, 0 without, shape (leaves,).
    """

    past: Floats
    future: Floats
    basis: Objects
    wander: Floats


def exposures(network: Network, history: History, bounds: Days) -> Exposure:
    """Expected failures of the installed base, or weeks where none is known, times declared events.

    The past counts as far as its demand could be seen. bounds: first day of each week ahead and the end. Nothing after
    `as_of` is used but the sales plan and events: with tables and settings of an earlier date the exposures are those
    known then. Both kinds are on one scale: on average over the leaves that hang on sales, a week is 1.
    """
    past = np.broadcast_to(history.period_weeks, history.counts.shape)
    future = _weeks_wanted(history, bounds)
    failures = expected_failures(network, history, bounds)
    known = np.zeros(len(history.part), bool) if failures is None else failures.known
    if failures is not None and known.any():
        wanted = future / (np.diff(bounds).astype(np.float64) / DAYS_PER_WEEK)
        past, future = _on_one_scale(history, failures, past, future, wanted)

    def factors(days: Days) -> Floats:
        on_time = event_factors(network, history, days)
        on_base = event_factors(network, history, days, promotions=False) if known.any() else on_time
        return np.where(known[:, None], on_base, on_time)

    return Exposure(
        past=past * factors(history.bounds) * observed_share(network, history),
        future=future * factors(bounds),
        basis=np.where(known, INSTALLED_BASE, TIME).astype(object),
        wander=np.where(known, failures.wander if failures is not None else 0.0, 0.0),
    )


def _on_one_scale(
    history: History, failures: Expected, weeks: Floats, weeks_ahead: Floats, wanted: Floats
) -> tuple[Floats, Floats]:
    """Expected failures as weeks of an average leaf, and the weeks of the others so that both show the same ratio of
    demand to exposure within a class."""
    known = failures.known
    counted = np.arange(history.counts.shape[1]) >= history.starts[:, None]
    usual = (failures.past * counted).sum() / max((weeks * counted)[known].sum(), 1e-12)
    if usual <= 0:
        return weeks, weeks_ahead
    past, future = failures.past / usual, failures.future / usual * wanted
    average = np.where(counted, past, 0.0).sum(axis=1) / np.maximum((weeks * counted).sum(axis=1), 1e-12)
    past += LEAST * average[:, None] * weeks * counted
    future += LEAST * average[:, None] * weeks_ahead
    units = np.where(counted, history.counts, 0.0).sum(axis=1)
    ratio = units[known].sum() / max(past[known].sum(), 1e-12)
    classes = history.classes[:, 0] if history.classes.shape[1] else np.zeros(len(units), np.int64)
    by_class = np.bincount(classes, units * ~known) / np.maximum(
        np.bincount(classes, (weeks * counted).sum(axis=1) * ~known), 1e-12
    )
    scale = np.where(by_class > 0, by_class, 1.0 * ratio)[classes, None] / max(ratio, 1e-12)
    return np.where(known[:, None], past, scale * weeks), np.where(known[:, None], future, scale * weeks_ahead)


def _weeks_wanted(history: History, bounds: Days) -> Floats:
    """Weeks of every period ahead in which the part is on sale and supported, shape (leaves, weeks)."""
    first = np.maximum(bounds[:-1], history.on_sale[:, None])
    after = np.minimum(bounds[1:], (history.retires + 1)[:, None])
    return np.clip((after - first).astype(np.float64), 0, None) / DAYS_PER_WEEK
