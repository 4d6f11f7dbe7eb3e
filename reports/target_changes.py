"""Why a site's stock up to differs between two plans, and what that does: from the two tables of targets."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network
from reports import words
from reports.tables import WAITING_PRICE, Frames

NOTICED = 0.01  # relative change below which a figure is no reason
_KEY = ["part", "site"]
_FIGURES = ["expected_backorders", "mean_wait_days", "pipeline", "fill_rate"]


def moved_targets(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of both tables of targets that speak of a part at a site whose stock up to differs between them."""
    both = pd.concat([old[[*_KEY, "base_stock"]], new[[*_KEY, "base_stock"]]], ignore_index=True)
    (part, _), (site, sites) = (pd.factorize(both[name]) for name in _KEY)
    row, keys = pd.factorize(part.astype(np.int64) * len(sites) + site)
    units = np.where(np.arange(len(both)) < len(old), -1, 1) * both["base_stock"].to_numpy(np.int64)
    differs = (np.bincount(row, units, len(keys)) != 0)[row]
    return old[differs[: len(old)]], new[differs[len(old) :]]


def target_reasons(network: Network, old: Frames, new: Frames) -> pd.DataFrame:
    """Why each stock up to has changed and what that does, in words: part, site, reason; a row for every change.

    What it was set for is read from the tables: demand = units waiting ÷ mean wait (Little), days on the way = pipeline
    ÷ demand, and the price of waiting of its group; behind the points that of the part's groups by their demand.
    Figures a plan does not have give no reason.
    """
    cut = moved_targets(old["targets"], new["targets"])
    pairs = [_facts(frames, rows) for frames, rows in zip((old, new), cut, strict=True)]
    both = pairs[0].merge(pairs[1], on=_KEY, how="outer", suffixes=("_before", "_now"))
    both["change"] = both["base_stock_now"].fillna(0.0) - both["base_stock_before"].fillna(0.0)
    both["elsewhere"] = both.groupby("part")["change"].transform("sum") - both["change"]
    hubs = set(network.sites.loc[network.sites["kind"] == "origin", "site"])
    reason = [_reason(row, row["site"] in hubs, network.settings.currency) for row in both.to_dict("records")]
    return both[_KEY].assign(reason=pd.Series(reason, index=both.index, dtype=object))


def _facts(frames: Frames, rows: pd.DataFrame) -> pd.DataFrame:
    """Of each part at a site what its target follows from; users at a depot go with the depot's own row."""
    figures = rows.reindex(columns=[*_KEY, "group", "base_stock", *_FIGURES])
    stock = figures.groupby(_KEY, as_index=False)["base_stock"].sum()
    first = figures.drop(columns="base_stock").sort_values("group", kind="stable").drop_duplicates(_KEY)
    since = rows.get("since", pd.Series(pd.NaT, index=rows.index, dtype="datetime64[ns]"))
    facts: pd.DataFrame = stock.merge(first.assign(since=since), on=_KEY)
    facts["demand"] = _demand(facts)
    facts["days"] = facts["pipeline"] / facts["demand"] * DAYS_PER_WEEK
    facts["price"] = _price(frames, facts)
    return facts


def _demand(rows: pd.DataFrame) -> "pd.Series[float]":
    """Units a week: mean wait = units waiting ÷ demand (Little 1961); NaN where nobody waits."""
    weeks = rows["mean_wait_days"].where(rows["mean_wait_days"] > 0.0) / DAYS_PER_WEEK
    return rows["expected_backorders"] / weeks


def _price(frames: Frames, facts: pd.DataFrame) -> "pd.Series[float]":
    """Money per unit waiting per week of the row's group; behind the points the mean of the part's groups by demand."""
    if WAITING_PRICE not in frames:
        return pd.Series(np.nan, index=facts.index)
    prices = frames[WAITING_PRICE].set_index("group")["price"]
    behind = facts["group"] == ""
    targets = frames["targets"]
    points = targets[(targets["group"] != "") & targets["part"].isin(facts.loc[behind, "part"])]
    points = points.assign(price=points["group"].map(prices), demand=_demand(points)).dropna(subset=["price", "demand"])
    total = points.assign(paid=points["price"] * points["demand"]).groupby("part")[["paid", "demand"]].sum()
    mean = facts["part"].map(total["paid"] / total["demand"])
    return facts["group"].map(prices).where(~behind, mean)


def _reason(row: dict[Any, Any], is_hub: bool, currency: str) -> str:
    """Only what asks for a change in its direction is a reason: more demand, a longer way, dearer waiting for more."""
    more = row["change"] > 0
    causes = [
        *_group(row, is_hub),
        *_moved(row, "demand", words.number, "demand {} → {} a week", more),
        *_moved(row, "days", words.number, "{} → {} days on the way to it", more),
        *_moved(
            row, "price", lambda value: words.money(value, currency), "a waiting device costs {} → {} a week", more
        ),
    ]
    if row["change"] * row["elsewhere"] < 0:
        causes.append(f"{abs(row['elsewhere']):,.0f} {'fewer' if more else 'more'} of it elsewhere")
    if not causes and row["demand_now"] > 0 and row["demand_before"] > 0:
        causes = ["no figure behind it has moved this way by 1 %: it was a close call"]
    level = ["the hub orders again below this level"] if is_hub else []
    shelf = "{} → {} of repairs find their part on the shelf" if row["group_now"] else "{} → {} sent on at once"
    effect = _moved(row, "fill_rate", words.percent, shelf)
    return "; ".join(filter(None, [", ".join([*level, *_line(row), *causes]), *effect]))


def _line(row: dict[Any, Any]) -> list[str]:
    """Whether the part number came or went."""
    if not row["base_stock_before"] > 0:
        return ["from now on kept here"]
    if row["base_stock_now"] > 0:
        return []
    since = row["since_before"]
    return ["no longer kept here" + ("" if pd.isna(since) else f", as it was since {since:%Y-%m-%d}")]


def _group(row: dict[Any, Any], is_hub: bool) -> list[str]:
    """Whether the part has come to be asked for here, is no longer, or is promised otherwise."""
    before, now = row["group_before"], row["group_now"]
    if pd.isna(before):
        return ["the plan before set none" if is_hub else "no demand was expected here before"]
    if pd.isna(now):
        return ["no demand is expected here any more"]
    return [f"now of group {now}, was {before}"] if before != now else []


def _moved(
    row: dict[Any, Any], name: str, say: Callable[[float], str], text: str, upwards: bool | None = None
) -> list[str]:
    """`text` with the figure before and now, where both are known and differ in words.

    upwards: only where it moved this way, and by a noticeable share.
    """
    before, now = row[f"{name}_before"], row[f"{name}_now"]
    moved = abs(now - before) > (0.0 if upwards is None else NOTICED * max(abs(before), abs(now)))
    if not moved or say(before) == say(now) or (upwards is not None and (now > before) != upwards):
        return []
    return [text.format(say(before), say(now))]
