"""What moving a part costs on each lane, by hand and against the judge (decision 0003, "Flows")."""

from dataclasses import replace

import numpy as np
import pytest

from domain.logistics import SupplyLanes, courier_days, hub_of_part, supply_lanes
from domain.network import Network
from tests.judge.calendar import Calendar
from tests.judge.prices import Prices
from tests.one_part import DUTIES, LANDED, LANE, PART, SITES, Row, build
from tests.optimizer.targets.networks import two_regions
from tests.random_networks import random_network


def only(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> float:
    """The value of the only part on the only lane."""
    assert values.shape == (1, 1)
    return float(values[0, 0])


def duty(hs_code: str, *rows: Row) -> float:
    """Duty of one unit whose value at the border is 117 money."""
    return only(supply_lanes(build(part={"hs_code": hs_code}, duties=list(rows))).duty)


def test_a_unit_pays_the_greater_of_weight_and_volume() -> None:
    """30 litres at 100 kg/m³ count as 3 kg though they weigh 2; at 50 kg/m³ the 2 kg count."""
    by_volume, by_weight = (supply_lanes(build(lane={"volumetric_kg_per_m3": factor})) for factor in (100.0, 50.0))
    assert only(by_volume.chargeable_kg) == 3.0
    assert only(by_weight.chargeable_kg) == 2.0
    assert only(by_volume.freight) == pytest.approx(3.0 * 5.0 + 0.02 * 100.0)
    assert only(by_weight.freight) == pytest.approx(2.0 * 5.0 + 0.02 * 100.0)


def test_landed_cost_is_value_freight_and_duty() -> None:
    """100 + 17 freight + 11.7 duty + 25.74 VAT that nobody gives back; 7 days under way at 52 % a year are 1 %."""
    supply = supply_lanes(build())
    assert only(supply.landed) == pytest.approx(LANDED)
    assert only(supply.transit_capital) == pytest.approx(0.01 * LANDED)
    assert supply.lead_days.tolist() == [7]  # 4.5 + 2 days


def test_recoverable_vat_costs_nothing() -> None:
    """Only the duty of 10 % on 117 money remains."""
    assert duty("8517", DUTIES[0] | {"vat_recoverable": True}) == pytest.approx(11.7)
    assert duty("8517", DUTIES[0]) == pytest.approx(11.7 + 0.2 * 128.7)


@pytest.mark.parametrize(("hs_code", "rate"), [("851762", 0.03), ("851712", 0.02), ("8471", 0.01), ("", 0.01)])
def test_the_longest_prefix_wins(hs_code: str, rate: float) -> None:
    """A longer prefix goes before a shorter one, whatever the order of rows; other prefixes do not count."""
    rows: list[Row] = [
        {"country": "RU", "hs_prefix": "851762", "duty_rate": 0.03},
        {"country": "RU", "hs_prefix": "", "duty_rate": 0.01},
        {"country": "RU", "hs_prefix": "85", "duty_rate": 0.02},
        {"country": "RU", "hs_prefix": "852", "duty_rate": 0.9},
        {"country": "KZ", "hs_prefix": "851762", "duty_rate": 0.8},
    ]
    assert duty(hs_code, *rows) == pytest.approx(rate * 117.0)


def test_a_row_for_the_origin_country_goes_before_any_at_the_same_length() -> None:
    """CN's own row wins; DE's is not for goods from CN; a longer prefix still wins over the origin."""
    general: Row = {"country": "RU", "hs_prefix": "85", "duty_rate": 0.5}
    chinese, german = (general | {"origin_country": c, "duty_rate": r} for c, r in (("CN", 0.25), ("DE", 0.7)))
    assert duty("8517", general, chinese, german) == pytest.approx(0.25 * 117.0)
    assert duty("8517", general, german) == pytest.approx(0.5 * 117.0)
    assert duty("8517", german) == 0.0
    assert duty("8517", chinese, {"country": "RU", "hs_prefix": "8517", "duty_rate": 0.1}) == pytest.approx(11.7)


def test_dangerous_goods_go_only_where_they_are_allowed() -> None:
    """A part that is dangerous may use only the lane that takes it; another part may use both."""
    lanes = [LANE, LANE | {"lane": "SEA", "mode": "sea", "dangerous_goods": True}]
    dangerous = PART | {"part": "B", "dangerous_goods": True}
    supply = supply_lanes(build(lanes=lanes, parts=[PART, dangerous]))
    assert supply.allowed.tolist() == [[True, True], [False, True]]
    lane, _ = supply.ordinary("D1")
    assert supply.lanes["lane"][lane].tolist() == ["AIR", "SEA"]


def test_the_ordinary_lane_counts_the_capital_under_way() -> None:
    """4 weeks by sea that save 3.8 of landed cost cost 4.5 of capital more than the week by air."""
    sea = LANE | {"lane": "SEA", "mode": "sea", "transit_days": 26.0, "cost_per_kg": 5.0 - 2.9 / 3}
    lane, landed = ordinary(supply_lanes(build(lanes=[LANE, sea])))
    assert lane == "AIR"
    assert landed == pytest.approx(LANDED)
    cheap = sea | {"cost_per_kg": 1.0}
    lane, landed = ordinary(supply_lanes(build(lanes=[LANE, cheap])))
    assert lane == "SEA"
    assert landed == pytest.approx((100.0 + 3.0 + 2.0) * 1.1 * 1.2)


def ordinary(supply: SupplyLanes) -> tuple[str, float]:
    """Ordinary lane and landed cost of the only part at D1."""
    lane, landed = supply.ordinary("D1")
    return str(supply.lanes["lane"][lane[0]]), float(landed[0])


def test_a_part_no_lane_carries_has_no_ordinary_lane() -> None:
    """Lane −1 and infinite landed cost, also where the network has no supply lane at all."""
    for network in (build(part={"dangerous_goods": True}), build(lanes=[LANE | {"origin": "D1", "destination": "P1"}])):
        lane, landed = supply_lanes(network).ordinary("D1")
        assert lane.tolist() == [-1]
        assert np.isinf(landed).all()


def two_hubs(supplier_site: str) -> Network:
    """Origins HUB and HUB2, a lane from each; part A is supplied to `supplier_site`, part B has no supplier."""
    return build(
        sites=[*SITES, SITES[0] | {"site": "HUB2"}],
        lanes=[LANE, LANE | {"lane": "AIR2", "origin": "HUB2"}],
        suppliers=[{"supplier": "S1", "site": supplier_site, "lead_time_days": 7.0}],
        parts=[PART, PART | {"part": "B", "supplier": ""}],
    )


def test_a_part_leaves_from_the_site_of_its_supplier() -> None:
    """Only lanes of that hub carry it; a part without supplier has no hub where there are several."""
    network = two_hubs("HUB2")
    assert hub_of_part(network).tolist() == ["HUB2", ""]
    assert supply_lanes(network).allowed.tolist() == [[False, True], [False, False]]
    assert hub_of_part(build(part={"supplier": ""})).tolist() == ["HUB"]


def test_lanes_between_points_or_depots_do_not_supply() -> None:
    """Couriers, laterals and transfers are no hub → depot lanes."""
    others = [
        LANE | {"lane": f"{origin}-{destination}", "origin": origin, "destination": destination}
        for origin, destination in (("D1", "P1"), ("HUB", "P1"), ("P1", "D1"))
    ]
    assert supply_lanes(build(lanes=[*others, LANE])).lanes["lane"].tolist() == ["AIR"]


@pytest.mark.parametrize("seed", range(12))
def test_every_unit_cost_is_the_outsiders(seed: int) -> None:
    """Freight, duty, landed cost, capital under way and ordinary lanes of random networks equal the judge's."""
    network = random_network(seed).network
    supply, prices = supply_lanes(network), Prices(network, Calendar(network))
    for i, part in enumerate(supply.parts["part"]):
        for n, lane in enumerate(supply.lanes["lane"]):
            unit = prices.unit(part, lane)
            assert supply.allowed[i, n] == prices.may_carry(part, lane)
            found = [table[i, n] for table in (supply.freight, supply.duty, supply.landed, supply.transit_capital)]
            assert found == pytest.approx([unit.freight, unit.duty, unit.landed, prices.under_way(part, lane)])
    for depot in network.depot_of_region.values():
        lanes, _ = supply.ordinary(depot)
        names = [None if lane < 0 else supply.lanes["lane"][lane] for lane in lanes]
        assert names == [prices.ordinary(part, depot) for part in supply.parts["part"]]


def test_holding_rates_of_the_destination_price_the_way() -> None:
    """Twice the rate at the depot is twice the capital under way, and nothing else."""
    network = build()
    dearer = network.sites["holding_rate_per_year"].where(network.sites["site"] != "D1", 1.04)
    once, twice = (
        supply_lanes(network),
        supply_lanes(replace(network, sites=network.sites.assign(holding_rate_per_year=dearer))),
    )
    assert only(twice.transit_capital) == pytest.approx(2.0 * only(once.transit_capital))
    assert only(twice.landed) == only(once.landed)


def test_the_courier_is_the_fastest_lane_of_any_mode() -> None:
    """Customs count; a depot is 0 days from itself, an origin and a point no lane of its own depot reaches unknown."""
    days = courier_days(two_regions())
    assert days[["D1", "A1", "A2", "B1", "B2"]].tolist() == [0.0, 1.0, 4.0, 2.0, 3.0]
    assert np.isnan(days["HUB"])
