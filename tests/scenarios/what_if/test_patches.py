"""Patches: what each kind changes, that their order is no matter, and that what comes out is a network."""

from dataclasses import fields
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.departures import departures
from domain.logistics import supply_lanes
from domain.network import Network
from domain.problems import ZapasError
from forecasting.forecast import forecast
from scenarios.what_if.patches import KINDS, patched, worlds
from scenarios.what_if.patches.change import applied, clashes
from scenarios.what_if.patches.kind import Request, Unfit
from scenarios.what_if.reading import library, read_scenarios
from scenarios.what_if.scenario import Patch, Scenario
from storage.network_completion import snapshot
from storage.network_folder import read_network
from storage.network_writing import write_network
from tests.networks import tiny_network
from tests.scenarios.what_if.networks import rich_network

RICH = rich_network()
EXAMPLES = [Patch(name, name, dict(yaml.safe_load(kind.example))) for name, kind in KINDS.items()]
PATCHES = [*EXAMPLES, *(patch for scenario in read_scenarios(library(), RICH) for patch in scenario.patches)]

SAME_LAYER = [
    (one, other)
    for one, other in combinations(PATCHES, 2)
    if KINDS[one.kind].layer == KINDS[other.kind].layer and (one.kind, one.arguments) != (other.kind, other.arguments)
]


def _patch(kind: str, announced: bool = True, **arguments: Any) -> Patch:
    return Patch(f"{kind} {arguments}", kind, arguments, announced)


def _after(*patches: Patch) -> Network:
    return patched(RICH, patches)


def _or_refusal(patches: list[Patch]) -> str:
    try:
        return patched(RICH, patches).snapshot
    except ZapasError as error:
        return str(error)


def test_an_empty_scenario_is_the_network_itself() -> None:
    """Without patches both networks are the very network that was given, and so the very plan."""
    found = worlds(RICH, Scenario("base"))
    assert found.known is RICH
    assert found.world is RICH


def test_what_is_not_announced_happens_only_in_the_world() -> None:
    """The planner knows the announced patches; all of them happen; where all are announced both are one."""
    shut, cut = _patch("supplier_shut", False, supplier="S1", weeks=4), _patch("budget", factor=0.5)
    found = worlds(RICH, Scenario("both", patches=(shut, cut)))
    assert found.known.snapshot == _after(cut).snapshot
    assert found.world.snapshot == _after(shut, cut).snapshot
    announced = worlds(RICH, Scenario("known", patches=(cut,)))
    assert announced.known is announced.world


@given(st.lists(st.sampled_from(PATCHES), min_size=2, max_size=3), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_patches_is_no_matter(chosen: list[Patch], random: Any) -> None:
    """Patches in any order, and under any names, give the same network or the same refusal."""
    shuffled = random.sample(chosen, len(chosen))
    assert _or_refusal(chosen) == _or_refusal(shuffled)
    renamed = [Patch(f"{9 - n}", one.kind, one.arguments, one.announced) for n, one in enumerate(chosen)]
    refused = len(_or_refusal(chosen)) != 64
    assert refused == (len(_or_refusal(renamed)) != 64)
    assert refused or _or_refusal(chosen) == _or_refusal(renamed)


@given(st.sampled_from(SAME_LAYER))
@settings(max_examples=40, deadline=None)
def test_changes_that_do_not_clash_commute(pair: tuple[Patch, Patch]) -> None:
    """Of two kinds of one layer either order of writing gives the same tables, unless the pair is refused."""
    mine, theirs = (KINDS[patch.kind].changes(Request(RICH, patch.arguments)) for patch in pair)
    if clashes([mine, theirs]):
        with pytest.raises(ZapasError, match="clashes with"):
            _after(*pair)
    else:
        assert snapshot(applied(RICH, [*mine, *theirs])) == snapshot(applied(RICH, [*theirs, *mine]))


@pytest.mark.parametrize("patch", EXAMPLES, ids=lambda patch: str(patch.kind))
def test_a_patched_network_is_a_network(patch: Patch, tmp_path: Path) -> None:
    """Every kind's example leaves a network that is the same, and without a problem, when it is written and read."""
    network = _after(patch)
    assert network.snapshot == snapshot(network) != RICH.snapshot
    write_network(network, tmp_path / "network")
    again, report = read_network(tmp_path / "network")
    assert not [problem for problem in report.problems if problem.severity != "warning"]
    assert again.snapshot == network.snapshot


def test_patches_that_disagree_are_refused() -> None:
    """Two factors for the same lane, or two rates for the same duty, are one question too many; equal ones are one."""
    for one, other in (
        (_patch("lane_dearer", mode="air", factor=2.0), _patch("lane_dearer", destination="D1", factor=1.5)),
        (_patch("tariff", country="all", add=0.1), _patch("tariff", country="RU", duty_rate=0.3)),
        (_patch("budget", factor=0.5), _patch("budget", amount=100.0)),
        (
            _patch("service_target", group="all", fill_rate=0.95),
            _patch("service_target", group="default", mean_wait_days=2.0),
        ),
        (_patch("exchange_rate", currency="all", factor=2.0), _patch("exchange_rate", currency="RUB", factor=3.0)),
        (
            _patch("demand_surge", category="all", factor=2.0, weeks=2),
            _patch("demand_surge", category="all", factor=3.0, weeks=2),
        ),
    ):
        with pytest.raises(ZapasError, match="clashes"):
            _after(one, other)
    twice = _patch("lane_dearer", mode="air", factor=2.0), _patch("lane_dearer", destination="D1", mode="air", factor=2)
    assert _after(*twice).snapshot == _after(twice[0]).snapshot


def test_a_currency_that_falls_takes_every_amount_paid_in_it() -> None:
    """Amounts in roubles shrink by the factor, others stay, and the rate is the new one; quotes change on top."""
    found = _after(_patch("exchange_rate", currency="RUB", factor=1.25))
    rouble = (RICH.lanes["currency"] == "RUB").to_numpy()
    ratio = (found.lanes["cost_per_kg"] / RICH.lanes["cost_per_kg"]).to_numpy()
    assert ratio[rouble] == pytest.approx(0.8)
    assert (ratio[~rouble] == 1).all()
    assert found.rates.set_index("currency").loc["RUB", "per_base"] == pytest.approx(82 * 1.25)
    assert found.parts["unit_cost"].equals(RICH.parts["unit_cost"])
    dearer = _after(
        _patch("exchange_rate", currency="RUB", factor=1.25), _patch("lane_dearer", mode="courier", factor=2.0)
    )
    assert (dearer.lanes["cost_per_kg"] / RICH.lanes["cost_per_kg"])[rouble].to_numpy() == pytest.approx(1.6)
    own = _after(_patch("exchange_rate", currency="USD", factor=1.25))
    assert (own.parts["unit_cost"] / RICH.parts["unit_cost"]).tolist() == pytest.approx([1.25, 1, 1])
    assert (own.budgets["amount"] / RICH.budgets["amount"]).tolist() == pytest.approx([1.25])


def test_a_tariff_reaches_the_goods_it_names() -> None:
    """Points on a prefix change the landed cost of that prefix alone, also where only a row for all goods stood."""
    before, after = supply_lanes(RICH), supply_lanes(_after(_patch("tariff", country="KZ", hs_prefix="8507", add=0.1)))
    into = (before.lanes["destination"] == "D2").to_numpy()
    battery = (before.parts["hs_code"] == "850760").to_numpy()
    base = before.parts["unit_cost"].to_numpy()[:, None] + before.freight
    more = after.duty - before.duty
    assert more[np.ix_(battery, into)] == pytest.approx((0.1 * base * 1.12)[np.ix_(battery, into)])  # VAT on it too
    assert not more[~battery].any()
    assert not more[:, ~into].any()


def test_a_tariff_on_goods_of_one_origin_leaves_others() -> None:
    """With an origin country the rows for any origin stay and rows for that origin stand beside them."""
    found = _after(_patch("tariff", country="RU", origin_country="CN", duty_rate=0.5)).duties
    of_china = found[(found["country"] == "RU") & (found["origin_country"] == "CN")]
    assert dict(zip(of_china["hs_prefix"], of_china["duty_rate"], strict=True)) == {"": 0.5, "8507": 0.5}
    assert len(found) == len(RICH.duties) + 2
    with pytest.raises(ZapasError, match="duties lie between"):
        _after(_patch("tariff", country="RU", add=0.95))


def test_nothing_leaves_or_arrives_on_a_closed_lane() -> None:
    """While a lane is closed no departure is offered and none arrives; what was expected then waits for the first day
    after."""
    network = _after(_patch("lane_closed", mode="air", from_week=2, weeks=3))
    supply = supply_lanes(network)
    air = np.flatnonzero(supply.lanes["mode"] == "air")
    found = departures(network, supply.lanes, supply.lead_days, 8)
    found = found[found["lane"].isin(air)]
    shut = pd.Timestamp("2025-07-07"), pd.Timestamp("2025-07-27")
    assert set(found["week"]) == {1, 5, 6, 7, 8}
    assert not (found["departs"].between(*shut) | found["arrives"].between(*shut)).any()
    assert network.inbound.set_index("order").loc["T-2", "expected"] == pd.Timestamp("2025-07-28")
    assert network.inbound.set_index("order").loc["PO-7", "expected"] == pd.Timestamp("2025-07-16")


def test_delays_add_up_and_move_what_is_under_way() -> None:
    """Slower trains and slower customs both delay the order that travels by rail into a country."""
    network = _after(_patch("lane_slower", mode="rail", days=10.0), _patch("customs_delay", country="KZ", days=5.0))
    assert network.inbound.set_index("order").loc["T-1", "expected"] == pd.Timestamp("2025-08-04")
    lane = network.lanes.set_index("lane").loc["HUB-D2-rail"]
    assert (lane["transit_days"], lane["customs_days"]) == (30, 7)
    assert network.lanes.set_index("lane").loc["D2-P21-courier", "customs_days"] == 0


def test_a_late_supplier_delays_orders_it_has_not_sent() -> None:
    """Lead time and unsent purchases grow by the days; what is on its way from the hub stays."""
    network = _after(_patch("supplier_late", supplier="largest", days=14.0))
    assert network.suppliers["lead_time_days"].tolist() == [28]
    moved = network.inbound.set_index("order")["expected"] - RICH.inbound.set_index("order")["expected"]
    assert moved.dt.days.to_dict() == {"PO-7": 0, "PO-8": 14, "T-1": 0, "T-2": 0}


def test_a_forbidden_mode_is_gone_for_a_planner_who_knows() -> None:
    """Announced, its lanes are no more; unannounced, they are planned on and nothing moves."""
    known = _after(_patch("mode_forbidden", mode="air"))
    assert "air" not in set(known.lanes["mode"])
    assert known.inbound.set_index("order").loc["T-2", "lane"] == ""
    found = worlds(RICH, Scenario("surprise", patches=(_patch("mode_forbidden", False, mode="air"),)))
    assert found.known is RICH
    supply = supply_lanes(found.world)
    leaving = departures(found.world, supply.lanes, supply.lead_days, 8)
    assert set(supply.lanes["mode"].iloc[leaving["lane"].unique()]) == {"sea", "rail"}


def test_a_price_on_carbon_comes_on_top_of_a_dearer_quote() -> None:
    """Cost per kg = quote × factor + price ÷ 1000 × kg of CO₂ per kg, whatever the order of the patches."""
    network = _after(_patch("carbon_price", per_tonne=100.0), _patch("lane_dearer", mode="air", factor=2.0))
    lane = network.lanes.set_index("lane").loc["HUB-D1-air"]
    assert lane["cost_per_kg"] == pytest.approx(8.0 * 2 + 0.1 * lane["co2_kg_per_kg"])


def test_a_recall_quarantines_good_stock_and_adds_it_up() -> None:
    """Good stock of the parts goes into quarantine, to what lies there already; no piece is lost."""
    stock = _after(_patch("part_recalled", part_class="screen")).stock
    screens = stock[stock["part"] == "0001"]
    assert set(screens["condition"]) == {"quarantine"}
    assert screens["on_hand"].sum() == RICH.stock.loc[RICH.stock["part"] == "0001", "on_hand"].sum()
    here = screens[(screens["site"] == "D1") & (screens["owner"] == "")]
    assert here["on_hand"].tolist() == [14]
    others = stock[stock["part"] != "0001"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, RICH.stock[RICH.stock["part"] != "0001"].reset_index(drop=True))


def test_pooling_gives_all_to_one_owner() -> None:
    """Stock of two owners at one site becomes one row, and no site has an owner of its own."""
    network = _after(_patch("pooling"))
    assert set(network.sites["owner"]) == set(network.stock["owner"]) == {""}
    here = network.stock[(network.stock["site"] == "D1") & (network.stock["part"] == "0001")].set_index("condition")
    assert here["on_hand"].to_dict() == {"good": 17, "quarantine": 2}


def test_service_for_all_replaces_every_other_target() -> None:
    """Every group and the rest promise the fill rate; a wait for the rest makes a group `default` of its own."""
    network = _after(_patch("service_target", group="all", fill_rate=0.97))
    assert network.settings.fill_rate == 0.97
    assert (network.service["fill_rate"] == 0.97).all()
    waits = _after(_patch("service_target", group="default", mean_wait_days=2.0)).service
    assert waits["group"].tolist()[-1] == "default"
    assert waits["mean_wait_days"].tolist()[-1] == 2


def test_a_surge_multiplies_the_forecast_of_its_weeks() -> None:
    """Demand of a category × 2 for two weeks doubles what is expected in them and nothing else; twice as much a model
    that fails more."""
    weeks = 8
    base = forecast(RICH, weeks, 3).forecast.mean
    surge = forecast(_after(_patch("demand_surge", category="all", factor=2.0, from_week=3, weeks=2)), weeks, 3)
    free = np.ones(base.shape, bool)
    planned = (np.array(surge.forecast.part) == "22E1") & (np.array(surge.forecast.region) == "R1")
    free[planned] = False  # the planner's own forecast holds
    ratio = np.where(base > 0, surge.forecast.mean / np.where(base > 0, base, 1), 1)
    wanted = np.tile([1, 1, 2, 2, 1, 1, 1, 1], (len(base), 1))
    assert ratio[free] == pytest.approx(wanted[free])
    assert surge.forecast.mean[planned] == pytest.approx(base[planned])


def test_demand_of_a_brand_that_leaves_stops() -> None:
    """From that week on nothing is expected of its models, their sales end, and the plan of sales with them."""
    network = _after(_patch("brand_leaving", brand="Orbit", from_week=3))
    eve = pd.Timestamp("2025-07-13")
    assert network.models.set_index("model").loc["X1", "support_until"] == eve
    assert pd.isna(network.models.set_index("model").loc["X2", "support_until"])
    assert network.parts.set_index("part")["support_until"].notna().to_dict() == {
        "0001": False,
        "22E1": True,
        "NA": False,
    }
    assert network.overrides["end"].tolist() == [eve]
    assert not ((network.sales["model"] == "X1") & (network.sales["month"] > eve)).any()
    mean = forecast(network, 8, 3).forecast.mean
    assert mean[:, :2].sum() > 0
    assert not mean[:, 2:].any()  # all usage names X1


def test_a_new_depot_takes_points_with_their_share() -> None:
    """Its points have its region, lanes from the hub and couriers to them; units sold stay the same in sum."""
    network = _after(_patch("new_depot", depot="D9", country="KZ", courier_days=1.5, like="D1"))
    assert network.depot_of_region["D9"] == "D9"
    assert set(network.sites.loc[network.sites["region"] == "D9", "site"]) == {"D9", "P21", "P22"}
    assert network.site_of.loc["D9", "country"] == "KZ"
    lanes = network.lanes.set_index("lane")
    assert {"HUB-D9-air", "HUB-D9-sea", "HUB-D9-rail", "D9-P21-courier"} <= set(lanes.index)
    assert lanes.loc["D9-P22-courier", "transit_days"] == 1.5
    assert network.sales["units"].sum() == RICH.sales["units"].sum()
    assert set(network.sales["region"]) >= {"R1", "D9"}
    here, there = (one.stock.groupby(["site", "part"])["on_hand"].sum() for one in (network, RICH))
    assert here["D9"].to_dict() == {"0001": 4, "NA": 10}
    assert here.sum() == there.sum()
    orders = network.inbound.set_index("order")
    assert (orders.loc["T-1", "destination"], orders.loc["T-1", "lane"]) == ("D9", "")


def test_a_new_country_wants_what_the_other_does_times_the_factor() -> None:
    """Points, couriers, usage and sales like the other country's, to the rounding of whole pieces."""
    network = _after(_patch("new_country", country="PL", like="KZ", factor=0.5, depot="D1", courier_days=3.0))
    new = network.sites[network.sites["country"] == "PL"]
    assert set(new["site"]) == {"PL-P21", "PL-P22"}
    assert set(new["region"]) == {"R1"}
    assert network.lanes.set_index("lane").loc["D1-PL-P21-courier", "transit_days"] == 3
    pieces = network.usage.groupby("site")["quantity"].sum()
    assert abs(pieces[["PL-P21", "PL-P22"]].sum() - 0.5 * pieces[["P21", "P22"]].sum()) <= 1
    more = network.sales["units"].sum() - RICH.sales["units"].sum()
    assert abs(more - 0.5 * RICH.sales.loc[RICH.sales["region"] == "R2", "units"].sum()) <= 1
    with pytest.raises(ZapasError, match="served already"):
        _after(_patch("new_country", country="KZ", like="RU", factor=1.0))


def test_days_are_counted_from_the_first_monday_or_named() -> None:
    """Week 2 begins on the second Monday, 11-11 is the next one, the Spring Festival the next lunar year."""
    for arguments, first, last in (
        ({"from_week": 2, "weeks": 1}, date(2025, 7, 7), date(2025, 7, 13)),
        ({"start": "11-11", "weeks": 1}, date(2025, 11, 11), date(2025, 11, 17)),
        ({"start": "spring-festival", "end": "03-01"}, date(2026, 2, 17), date(2026, 3, 1)),
        ({"start": "2025-08-01", "end": "2025-08-02"}, date(2025, 8, 1), date(2025, 8, 2)),
    ):
        event = _after(_patch("supplier_shut", supplier="S1", **arguments)).events.iloc[0]
        assert (event["start"].date(), event["end"].date()) == (first, last)
    twice: list[dict[str, Any]] = [
        {"start": "2025-08-02", "end": "2025-08-01"},
        {"from_week": 1, "start": "2025-08-01"},
    ]
    for wrong in twice:
        with pytest.raises(Unfit):
            KINDS["supplier_shut"].changes(Request(RICH, {"supplier": "S1", **wrong}))


def test_what_is_not_there_is_refused_in_a_sentence() -> None:
    """A patch that would change nothing says why: no budget, no owners, one currency, no lane of that mode."""
    tiny = tiny_network()
    for kind, arguments, says in (
        ("budget", {"factor": 0.5}, "no budget"),
        ("pooling", {}, "one company"),
        ("exchange_rate", {"currency": "all", "factor": 2.0}, "only one currency"),
        ("lane_closed", {"mode": "rail", "weeks": 2}, "no lane has mode rail"),
    ):
        with pytest.raises(ZapasError, match=says):
            patched(tiny, [_patch(kind, **arguments)])


def test_a_patch_is_not_made_twice() -> None:
    """A network that holds a scenario's event or depot already does not get it again."""
    for patch in (_patch("supplier_shut", supplier="S1", weeks=2), _patch("new_depot", depot="D9", country="KZ")):
        given = Patch(patch.name, patch.kind, {**patch.arguments, "courier_days": 2.0})
        with pytest.raises(ZapasError, match=r"in the network already|no repair point here"):
            patched(patched(RICH, [given]), [given])


def test_the_network_given_is_left_as_it_was() -> None:
    """Patches make new tables; those of the network they start from do not change."""
    before = {field.name: getattr(RICH, field.name) for field in fields(RICH)}
    copies = {name: frame.copy() for name, frame in before.items() if isinstance(frame, pd.DataFrame)}
    for patch in PATCHES:
        _after(patch)
    for name, frame in copies.items():
        pd.testing.assert_frame_equal(frame, getattr(RICH, name))
