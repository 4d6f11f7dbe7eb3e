"""Year one by a plain order-up-to loop: planning from `used` alone never learns what it misses."""

import numpy as np
import pytest

from benchmarks.forecasting.unmet_loop import PLANNERS, Policy, Wanted, demo_demand, fill, fill_by_week, year_one

POLICY = Policy()


@pytest.fixture(scope="module")
def wanted() -> Wanted:
    """Every sixth part × region of a demo in which 40 % of the first half year's cases found no part."""
    return demo_demand(0.4, seed=1, every=6)


def test_counting_unmet_cases_lifts_the_first_years_fill(wanted: Wanted) -> None:
    """With `used` + `unmet` the first year's fill is 10 points above `used` alone; known stock-outs give almost all."""
    served = year_one(wanted, POLICY)
    used, with_unmet, with_stockouts = (fill(wanted, served[planner], POLICY.year_one) for planner in PLANNERS)
    assert with_unmet >= used + 0.10
    assert with_unmet >= 0.90
    assert with_stockouts >= with_unmet - 0.03


def test_every_planner_faces_the_same_cases(wanted: Wanted) -> None:
    """Nobody serves more than was wanted, and the weeks before the shelves open are the same for all."""
    served = year_one(wanted, Policy(weeks=40))
    for units in served.values():
        assert (units <= wanted.demand[:, :40]).all()
        assert (units[:, :26] == wanted.served_early[:, :26]).all()
        assert fill(wanted, units, slice(0, 26)) == pytest.approx(0.6, abs=0.03)
    assert len(fill_by_week(wanted, served)) == 3 * 20


def test_without_shortage_the_planners_agree() -> None:
    """Where the level is never reached, what is used is what is wanted, and all planners serve the same."""
    demand = np.full((4, 40), 5.0)
    calm = Wanted(demand, demand.copy(), np.zeros(4, np.int64), np.zeros((4, 1), np.int64), early_unserved=0.0)
    served = year_one(calm, Policy(lead_weeks=4, level=0.999, early_weeks=20, weeks=40))
    assert all((units == demand).all() for units in served.values())


def test_an_unknown_planner_is_refused(wanted: Wanted) -> None:
    """A planner that does not exist is named."""
    with pytest.raises(ValueError, match="no planner gut feeling"):
        year_one(wanted, POLICY, ["gut feeling"])
