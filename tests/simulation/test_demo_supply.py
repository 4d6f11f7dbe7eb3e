"""How tight the demo is: budget and capacities follow from expected demand by the written rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from simulation.demo import SIZES, generate
from simulation.demo.lifecycle import LAWS, cohort_intensity, intensity, with_warranty
from simulation.demo.position import point_base_stock
from simulation.demo.sizes import HISTORY_WEEKS, MONTHS_SOLD
from simulation.demo.supply import budget


def test_budget_is_a_share_of_what_demanding_periods_would_buy() -> None:
    """Periods at or above the median are demanding; their mean times the size's share is the budget."""
    size = SIZES["small"]
    assert budget(size, np.array([50.0, 100.0, 10.0, 120.0])) == pytest.approx(size.budget_share * 110.0, rel=1e-2)


def test_budget_and_capacities_bind_by_construction() -> None:
    """The budget is below what some period would buy; every air lane carries its share of the natural flow."""
    demo = generate("small", seed=1)
    value = demo.truth["calibration"].set_index("what")["value"]
    spent = value[value.index.str.contains("purchases")]
    assert spent.min() * 0.5 < float(str(demo.settings["budget_per_period"])) < spent.max()
    lanes = demo.tables["lanes"].set_index("lane")
    for lane in lanes.index[(lanes["origin"] == "SZX") & (lanes["mode"] == "air")]:
        share = SIZES["small"].capacity_share
        assert lanes.loc[lane, "capacity_kg_per_week"] == pytest.approx(
            share * value[f"{lane} natural kg a week"], abs=0.06
        )
        assert lanes.loc[lane, "capacity_m3_per_week"] > 0
    assert lanes["capacity_kg_per_week"].notna().sum() == 5  # four by air, the busiest by rail


@given(st.floats(0.001, 20), st.floats(1e-4, 1.5))
def test_base_stock_of_points_is_the_marginal_rule(pipeline: float, worth: float) -> None:
    """S is the largest stock whose last piece pays: P(N ≥ S) > holding ÷ waiting price ≥ P(N ≥ S + 1)."""
    stock = int(point_base_stock(np.array([[pipeline]]), np.array([worth]))[0, 0])
    naive = next(s for s in range(1000) if poisson.sf(s, pipeline) <= worth)
    edge = abs(poisson.sf(min(stock, naive), pipeline) - worth) < 1e-9
    assert stock == naive or edge


@pytest.mark.parametrize("law", LAWS)
def test_intensity_of_a_law_is_one_failure_in_the_first_year(law: str) -> None:
    """The intensity integrates to 1 over 52 weeks, whatever its law, and falls only at the warranty's end."""
    ages = (np.arange(52_000) + 0.5) / 1000
    assert intensity(law, ages).sum() / 1000 == pytest.approx(1.0, rel=1e-3)  # type: ignore[arg-type]
    edge = 12 * 365.25 / 12 / 7
    before, after = with_warranty(law, 12, np.array([edge - 1e-6, edge + 1e-6]))  # type: ignore[arg-type]
    assert after < 0.5 * before


def test_a_cohort_fails_only_after_its_sale_and_mostly_in_warranty() -> None:
    """Devices of a month fail from that month on, once a year under warranty, at a fraction of that rate after it."""
    weekly = cohort_intensity("accident", 12)
    assert (weekly[MONTHS_SOLD:, :HISTORY_WEEKS] == 0).all()
    first_seen = (weekly > 0).argmax(axis=1)[MONTHS_SOLD - 3 : MONTHS_SOLD]
    assert (np.diff(first_seen) >= 4).all()
    one = weekly[MONTHS_SOLD - 24]  # July 2024, the first month of the history
    assert one[:57].sum() == pytest.approx(1.0, abs=0.03)
    assert 0 < one[60:HISTORY_WEEKS].max() < 0.5 * one[10:40].min()
