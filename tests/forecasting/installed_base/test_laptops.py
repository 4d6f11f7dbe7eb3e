"""A simulated set of laptop parts, end to end: twelve months ahead through ramp-up, plateau and end of warranty."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from domain.counts import quantiles
from forecasting.forecast import forecast
from tests.forecasting.installed_base.laptops import Laptops, at_origin, laptops

YEAR, LEAD = 52, 4


def judged(laptops_known: Laptops) -> tuple[float, float, float, float]:
    """Σ|error| / Σ actual of 12-month totals: ours, last year again, last quarter × 4; share in 80 % intervals."""
    found = forecast(laptops_known.network, YEAR, LEAD).forecast
    demand, origin = laptops_known.demand, laptops_known.origin
    row = np.array([int(part[1:]) for part in found.part])
    here = found.region == "R0"
    mean: npt.NDArray[np.float64] = np.zeros(len(demand))
    np.add.at(mean, row, found.interval_mean(1, YEAR))
    actual = demand[:, origin : origin + 12].sum(axis=1)
    repeats = (demand[:, origin - 12 : origin].sum(axis=1), 4 * demand[:, origin - 3 : origin].sum(axis=1))
    ours, year, quarter = (np.abs(guess - actual).sum() / actual.sum() for guess in (mean, *repeats))
    held = []
    for leaf in np.flatnonzero(here):
        limits = np.zeros(2, np.int64)
        law = found.interval_mean(1, YEAR)[leaf], found.interval_variance(1, YEAR)[leaf]
        quantiles(float(law[0]), float(law[1]), np.array([0.1, 0.9]), limits)
        held.append(limits[0] <= actual[row[leaf]] <= limits[1])
    return float(ours), float(year), float(quarter), float(np.mean(held))


def test_a_hidden_end_of_warranty_is_foreseen() -> None:
    """Around the drop, whatever the table says of the warranty, the year ahead is far nearer than by repeating the last
    year or the last quarter, and 80 % intervals hold neither too little nor everything."""
    outcomes = []
    for warranty in (12, 24, 36):
        tables, demand = laptops(1, warranty=warranty, wander=0.04, dispersion=1.5, columns=warranty == 24)
        peak = int(np.convolve(demand.sum(axis=0), np.ones(3), "same").argmax())
        outcomes += [judged(at_origin(tables, demand, min(peak + later, 58))) for later in (6, 14)]
    ours, year, quarter, held = np.mean(outcomes, axis=0)
    assert ours <= 0.25
    assert ours <= 0.5 * min(year, quarter)
    assert 0.6 <= held <= 0.9


def test_sales_in_more_regions_than_usage_forecast_the_same_demand() -> None:
    """Sold in three regions and repaired in one: the forecast is about as good as with one region."""
    errors = []
    for regions in (1, 3):
        tables, demand = laptops(3, warranty=13, wander=0.04, dispersion=1.5, regions=regions)
        errors.append(judged(at_origin(tables, demand, 30))[0])
    assert errors[1] <= errors[0] + 0.1


def test_sales_without_a_plan_go_on() -> None:
    """In ramp-up, sales known only to the origin are carried on: the year ahead is not much worse than with a plan."""
    tables, demand = laptops(1, warranty=24, wander=0.04, dispersion=1.5)
    with_plan, without = (judged(at_origin(tables, demand, 18, plan=plan))[0] for plan in (True, False))
    assert without <= with_plan + 0.3


def test_what_comes_after_the_origin_is_not_used() -> None:
    """Usage after as_of, left in the tables or not, changes no forecast."""
    tables, demand = laptops(0, parts=6, models=3)
    known = at_origin(tables, demand, 30).network
    leaking = replace(known, usage=at_origin(tables, demand, 70).network.usage)
    assert len(leaking.usage) > len(known.usage)
    first, second = (forecast(each, YEAR, LEAD).forecast for each in (known, leaking))
    assert np.array_equal(first.mean, second.mean)
