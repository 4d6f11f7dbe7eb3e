"""Patches of demand: a surge, a model that fails more, a brand that leaves.

Demand itself is multiplied, not sales: a promotion would lift sales now and failures later (`forecasting.events`).
Where a planner has written a forecast of their own (`overrides`) it goes on holding, whatever happens to demand.
"""

from typing import Any

import numpy as np
import pandas as pd

from scenarios.what_if.patches.change import Change, Drop, Write, rows_where, written
from scenarios.what_if.patches.choose import ALL, PERIOD, events, named, period
from scenarios.what_if.patches.kind import Argument, Kind, Request, Unfit

_KIND = "holiday"
"""The kind of event whose factor acts on demand directly, whatever the forecast of a part is made from."""


def _surge(request: Request) -> list[Change]:
    if request.has("brand"):
        targets = [f"model:{model}" for model in _models(request)]
    else:
        what = next(name for name in _SURGES if request.has(name))
        word = request.text(what)
        if word == ALL and what != "category":
            raise Unfit(what, "write category: all for everything")
        targets = [ALL] if word == ALL else [f"{what}:{named(request, what, _SURGES[what])}"]
    return [events(_KIND, targets, period(request), request.number("factor"))]


def _failing(request: Request) -> list[Change]:
    targets = [f"model:{model}" for model in _models(request)]
    return [events(_KIND, targets, period(request), request.number("factor"))]


def _leaving(request: Request) -> list[Change]:
    network = request.network
    models = _models(request)
    first, last = period(request)
    eve = first - pd.Timedelta(days=1)
    rows = rows_where(network.models["model"].isin(models))
    fits = network.fitment
    stays = set(fits.loc[~fits["model"].isin(models), "part"])
    parts = rows_where(network.parts["part"].isin(set(fits["part"]) - stays))
    planned = (network.sales["month"] >= first) & network.sales["model"].isin(models)
    return [
        events(_KIND, [f"model:{model}" for model in models], (first, last), 0.0),
        _not_after("models", "support_until", network.models, rows, eve),
        _not_after("models", "sales_end", network.models, rows, eve),
        _not_after("parts", "support_until", network.parts, parts, eve),
        Drop("sales", rows_where(planned)),
        *_forecasts_until(network.overrides, set(network.parts["part"].iloc[parts]), eve),
    ]


def _forecasts_until(overrides: pd.DataFrame, parts: set[str], day: pd.Timestamp) -> list[Change]:
    """The planner's own forecasts for parts that retire end on that day."""
    ours = overrides["part"].isin(parts)
    cut = rows_where(ours & (overrides["start"] <= day) & (overrides["end"] > day))
    return [Drop("overrides", rows_where(ours & (overrides["start"] > day))), written("overrides", "end", cut, day)]


def _models(request: Request) -> list[str]:
    """The models of the brand, or the one model. Raises Unfit when the brand has none."""
    models = request.network.models
    if request.has("brand"):
        return sorted(models.loc[models["brand"] == named(request, "brand", "brand"), "model"])
    return [named(request, "model", "model")]


def _not_after(table: str, column: str, frame: pd.DataFrame, rows: Any, day: pd.Timestamp) -> Write:
    dates = frame[column].iloc[rows]
    return Write(table, column, rows, np.asarray(dates.where(dates < day, day), "datetime64[ns]"))


_SURGES = {"category": "category", "model": "model", "country": "country", "region": "region", "site": "point"}
"""What a surge may apply to, and the noun that names it."""
_BRAND = Argument("brand", "models of this brand", of="brand")
_MODEL = Argument("model", "this model", of="model")
_FACTOR = Argument("factor", "times the demand", "number", "times", required=True, above=1, most=100)

KINDS = (
    Kind(
        "demand_surge",
        "Demand that is higher for a time: of a category (or all), a model, a brand, a country, a region or a point.",
        (
            Argument("category", "products of this category, or all", of="category"),
            _MODEL,
            _BRAND,
            Argument("country", "repairs in this country", of="country"),
            Argument("region", "repairs in this region", of="region"),
            Argument("site", "repairs at this point", of="point"),
            _FACTOR,
            *PERIOD,
        ),
        "{category: all, factor: 1.8, start: 11-11, weeks: 2}",
        _surge,
        one_of=((*_SURGES, "brand"),),
    ),
    Kind(
        "failing_more",
        "A model, or all of a brand, that breaks more often from some week on.",
        (_MODEL, _BRAND, _FACTOR, *PERIOD),
        "{model: largest, factor: 1.5, from_week: 5}",
        _failing,
        one_of=(("model", "brand"),),
    ),
    Kind(
        "brand_leaving",
        "A brand or model whose sales and support end: its repairs stop, and parts only it needs retire.",
        (_BRAND, _MODEL, PERIOD[0], PERIOD[2]),
        "{brand: largest, from_week: 9}",
        _leaving,
        one_of=(("brand", "model"),),
    ),
)
