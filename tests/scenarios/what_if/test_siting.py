"""Which depots to open, in full: against enumeration by full plans, and what is said of it."""

import json
from dataclasses import replace
from itertools import combinations, product
from math import ceil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.departures import inner_weeks
from domain.logistics import supply_lanes
from domain.network import Network
from domain.problems import ZapasError
from optimizer.siting import aggregate, served, served_today
from reports.siting import siting_lines, siting_sentence, siting_table
from scenarios.pipeline import STEPS, Planning, run_pipeline, run_step
from scenarios.what_if.siting import KINDS, Planned, Siting, payback_weeks, siting
from tests.networks import tiny_network
from tests.optimizer.siting.networks import candidate_tables, network_of, reach


def network(opening: float, keeping: float) -> Network:
    """Screens alone. D3 may stand beside D1; D2 is in question, for D1 reaches its points in three days."""
    tables, settings = candidate_tables(["0001"], {"D3": ("D1", opening, ["P11", "P12"])})
    at = tables["sites"]["site"] == "D2"
    cost = tables["sites"]["opening_cost_per_year"].where(~at, keeping)
    tables["sites"] = tables["sites"].assign(opening_cost_per_year=cost)
    for point in ("P21", "P22"):
        reach(tables, "D1", point, 3, 4.0)
    return network_of((tables, settings))


@pytest.fixture(scope="module", params=[(5.0, 900.0), (400.0, 60.0)], ids=["keeping is dear", "opening is dear"])
def asked(request: pytest.FixtureRequest) -> Network:
    """Two cases with opposite answers."""
    return network(*request.param)


@pytest.fixture(scope="module")
def found(asked: Network) -> Siting:
    return siting(asked)


def border(value: float) -> float:
    """Duty of 4 % and tax of 12 % that is not recovered, of goods that enter Kazakhstan."""
    return 0.04 * value + 0.12 * 1.04 * value


def enumerated(asked: Network) -> dict[tuple[str, ...], float]:
    """Money a year of every set of candidates: ways by enumeration, then a full plan, priced here once more."""
    base = Planning(asked)
    for step in STEPS[:2]:
        base = run_step(step, base, lambda text: None)
    assert base.forecast is not None
    assert base.targets is not None
    price, forecast = base.targets.waiting_price, base.forecast
    problem = aggregate(asked, forecast, price)
    daily = pd.DataFrame({"group": list(price), "backorder_cost_per_day": [b / 7 for b in price.values()]})
    service = asked.service.set_index("group").reindex(list(price)).reset_index()
    service["backorder_cost_per_day"] = daily["backorder_cost_per_day"]
    service = service.assign(**dict.fromkeys(["fill_rate", "mean_wait_days", "within_days", "share"], np.nan))
    words = ["part_class", "criticality", "brand", "region", "country"]
    priced = replace(asked, service=service.assign(**{name: service[name].fillna("") for name in words}))
    names = [str(name) for name in problem.depot[problem.candidate]]
    ways = [np.flatnonzero(problem.way_point == p) for p in range(len(problem.point))]
    totals = {}
    for opened in (chosen for size in range(len(names) + 1) for chosen in combinations(sorted(names), size)):
        open_ = ~problem.candidate | np.isin(problem.depot.astype(str), opened)
        best = np.array(min(product(*ways), key=lambda way: problem.cost(np.array(way), open_)))
        if np.isinf(problem.cost(best, open_)):
            continue
        depot_of = served_today(asked) | dict(zip(problem.point, problem.depot[problem.way_depot[best]], strict=True))
        depot_of = served_today(asked) if opened == ("D2",) else depot_of
        there, demand = served(priced, forecast, depot_of)
        plan = run_pipeline(there, demand).plan
        years = inner_weeks(there, supply_lanes(there).lead_days) / 52
        lanes = there.lanes.set_index("lane")
        last = 0.0
        for row, site in enumerate(demand.share_site):
            lane = lanes.loc[f"{depot_of[site]}-{site}-courier"]
            units = demand.share[row] * demand.mean[demand.share_leaf[row]].mean() * 52
            freight = 0.30 * float(lane["cost_per_kg"])
            last += units * (freight + (border(60.0 + freight) if (depot_of[site], site[:2]) == ("D1", "P2") else 0.0))
        rent = there.site_of["opening_cost_per_year"].reindex(list(opened)).sum()
        totals[opened] = plan.replenishment.cost.total / years + last + rent
    return totals


def test_the_study_equals_enumeration_by_full_plans(asked: Network, found: Siting) -> None:
    """No set of candidates is cheaper by its full plan than the chosen one, and every figure is the enumerated one."""
    totals = enumerated(asked)
    assert found.chosen.opened == min(totals, key=lambda opened: totals[opened])
    assert found.chosen.total == pytest.approx(totals[found.chosen.opened], rel=1e-9)
    assert found.today.total == pytest.approx(totals["D2",], rel=1e-9)
    for row in found.swaps.to_dict("records"):
        swapped = tuple(sorted((set(found.chosen.opened) | {row["opens"]}) - {row["closes"], ""}))
        assert row["cost"] == pytest.approx(totals[swapped], rel=1e-9)


def test_no_single_swap_is_cheaper(found: Siting) -> None:
    """Every candidate is opened or closed once in the swaps, and each costs at least as much as the choice."""
    assert (found.swaps["more"] >= 0).all()
    singles = found.swaps[found.swaps["change"] != "exchange"]
    assert sorted(singles["opens"] + singles["closes"]) == ["D2", "D3"]


def test_the_answer_is_told_with_its_money(found: Siting) -> None:
    """One sentence names what to do and the money; the table adds up to the totals; JSON is plain."""
    sentence = siting_sentence(found)
    assert "$" in sentence
    assert all(str(found.candidates.set_index("site").at[site, "name"]) in sentence for _, site in found.changes)
    assert len(siting_lines(found)) >= 2 + len(found.swaps)
    table = siting_table(found).set_index("cost")
    for column, planned in (("today", found.today), ("chosen", found.chosen)):
        assert table.loc["Together", column] == pytest.approx(planned.total)
        assert table[column].iloc[:-1].sum() == pytest.approx(planned.total)
    told = json.loads(json.dumps(found.json(), allow_nan=False))
    assert told["saves"] == pytest.approx(sum(row["today"] - row["chosen"] for row in told["cost"]))
    assert [row["kind"] for row in told["cost"]] == list(KINDS)


def test_without_candidates_there_is_nothing_to_decide() -> None:
    """A network without candidates is refused with how to name one; so is money for a site that is none."""
    with pytest.raises(ZapasError, match="opening_cost_per_year"):
        siting(tiny_network())
    with pytest.raises(ZapasError, match="D1 is no candidate"):
        siting(network(1.0, 1.0), once={"D1": 5.0})


def planned(total: float, opening: float, *opened: str) -> Planned:
    """A plan that costs this much a year, of it so much for opening."""
    return Planned(opened, {}, dict.fromkeys(KINDS, 0.0) | {"holding": total - opening, "opening": opening}, {}, 0.0)


@given(st.floats(0, 5000), st.floats(0, 1000), st.floats(1, 3000))
def test_pay_back_is_the_first_day_savings_cover_what_was_paid(once: float, rent: float, gross: float) -> None:
    """At t years the rent of ⌈t⌉ years and what is paid once are saved, and not a day earlier; else it never pays."""
    weeks = payback_weeks(planned(5000.0, 0.0), planned(5000.0 - gross + rent, rent, "D3"), {"D3": once})

    def paid(t: float) -> bool:
        return gross * t * (1 + 1e-9) + 1e-6 >= once + rent * max(1, ceil(t - 1e-9))

    if weeks is None:
        assert not any(paid(t) for t in range(1, 60))
    else:
        assert paid(weeks / 52)
        assert weeks / 52 < 0.01 or not paid(weeks / 52 - 0.009)


def test_closing_pays_nothing_back() -> None:
    """Where nothing is opened there is nothing to pay back; opening for less than was paid pays at once."""
    assert payback_weeks(planned(100.0, 50.0, "D2"), planned(40.0, 5.0, "D3"), {}) == 0.0
    assert payback_weeks(planned(100.0, 50.0, "D2"), planned(40.0, 0.0), {}) is None
