"""What points that help each other save, and whom: owners, fair shares, main points, and how it is told."""

from dataclasses import replace
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.forecast import Forecast
from domain.network import Network
from domain.problems import ZapasError
from reports.pooling import lines
from scenarios.pooling import OWN_COMPANY, Pooling, pooled, pooling
from tests.optimizer.targets.networks import demand, lane, part, two_regions
from tests.scenarios.folders import planned, tiny

PRICE = {"screens": 60.0, "default": 60.0}
OWNERS = {"A1": "Anna", "A2": "", "A3": "Clara", "B1": "Boris"}
MAP = [("A1", "A2"), ("A2", "A1"), ("A1", "A3"), ("A3", "A1"), ("B1", "B2"), ("B2", "B1")]


def network(owners: dict[str, str], laterals: list[tuple[str, str]] = MAP, points: int = 3) -> Network:
    """Region R1 with points A1.. served within days of each other, R2 with B1 and B2; laterals cost 2 a kilogram."""
    plain = two_regions()
    names = [f"A{number}" for number in range(1, points + 1)]
    sites = [row for row in _rows(plain.sites) if row["site"] not in ("A1", "A2")]
    sites += [{"site": name, "kind": "repair_point", "country": "RU", "region": "R1"} for name in names]
    for row in sites:
        row["owner"] = owners.get(str(row["site"]), "")
    lanes = [row for row in _rows(plain.lanes) if row["destination"] not in ("A1", "A2")]
    lanes += [lane("D1", name, "courier", 2 + number, 2.0) for number, name in enumerate(names)]
    lanes += [lane(source, asks, "courier", 1, 2.0) for source, asks in laterals]
    lanes = [{name: value for name, value in row.items() if name != "co2_kg_per_kg"} for row in lanes]
    return two_regions(sites=sites, lanes=lanes, parts=[part("p1", 300.0), part("p2", 200.0), part("p3", 1.0)])


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def forecast(points: int = 3) -> Forecast:
    """Parts p1 and p2 wanted by all points of R1, the first of them most, and p1 in R2."""
    plain = demand({("p1", "R1"): 0.5, ("p1", "R2"): 0.3, ("p2", "R1"): 0.7})
    names = [f"A{number}" for number in range(1, points + 1)]
    weight = np.arange(points, 0, -1.0)
    rows = [(leaf, name, share) for leaf in (0, 2) for name, share in zip(names, weight / weight.sum(), strict=True)]
    rows = sorted([*rows, (1, "B1", 0.75), (1, "B2", 0.25)])
    return replace(
        plain,
        share_leaf=np.array([row[0] for row in rows]),
        share_site=np.array([row[1] for row in rows], dtype=object),
        share=np.array([row[2] for row in rows]),
    )


@pytest.fixture(scope="module")
def found() -> Pooling:
    """Four owners: Anna between the own company and Clara, Boris beside the own company's other point."""
    return pooled(network(OWNERS), forecast(), PRICE)


def total(found: Pooling, how: str) -> float:
    return float(found.cost[how].sum())


def test_every_owner_has_its_part_of_stock_cost_and_laterals(found: Pooling) -> None:
    """Owners' costs add up to those by kind, what is given is received, and sites without owner are the company's."""
    table = found.sharing.set_index("who")
    assert list(table.index) == sorted([OWN_COMPANY, "Anna", "Boris", "Clara"])
    assert table["points"].to_dict() == {OWN_COMPANY: 2, "Anna": 1, "Boris": 1, "Clara": 1}
    for how in ("alone", "within", "together"):
        assert table[f"cost_{how}"].sum() == pytest.approx(total(found, how))
    assert table["given"].sum() == pytest.approx(table["received"].sum())
    assert table["received"].sum() == pytest.approx(found.exchanges["units"].sum())
    lateral = found.cost.set_index("kind").loc["lateral"]
    assert lateral["alone"] == 0.0
    assert lateral["together"] == pytest.approx(found.exchanges["money"].sum() + 2.0 * table["inside"].sum())
    assert table["received"].sum() > 0.1


def test_sharing_between_owners_saves_what_the_owners_save(found: Pooling) -> None:
    """Together ≤ inside each owner ≤ alone, compensation only moves money, and fair shares are of the whole saving."""
    table = found.sharing
    assert total(found, "together") < total(found, "within") <= total(found, "alone") + 1e-9
    assert table["saving"].sum() == pytest.approx(total(found, "within") - total(found, "together"))
    assert table["fair_saving"].sum() == pytest.approx(table["saving"].sum())
    assert table["compensation"].sum() == pytest.approx(0.0, abs=1e-6)
    assert (table["saving"] + table["compensation"]).to_numpy() == pytest.approx(table["fair_saving"].to_numpy())


def test_fair_saving_is_the_mean_contribution_over_all_orders_of_joining(found: Pooling) -> None:
    """Shapley value by its definition, each coalition a network with only the lanes between its members."""
    owners = sorted({OWN_COMPANY, *OWNERS.values()} - {""})
    of_site = {site: OWNERS.get(site) or OWN_COMPANY for site in ["A1", "A2", "A3", "B1", "B2"]}
    nobody = total(found, "within")
    cost = {frozenset(one): nobody for one in [(), *((owner,) for owner in owners)]}
    for size in range(2, len(owners) + 1):
        for members in combinations(owners, size):
            kept = [
                (source, asks)
                for source, asks in MAP
                if of_site[source] == of_site[asks] or {of_site[source], of_site[asks]} <= set(members)
            ]
            cost[frozenset(members)] = total(pooled(network(OWNERS, kept), forecast(), PRICE), "together")
    value = dict.fromkeys(owners, 0.0)
    orders = list(permutations(owners))
    for order in orders:
        for place, owner in enumerate(order):
            value[owner] += (cost[frozenset(order[:place])] - cost[frozenset(order[: place + 1])]) / len(orders)
    fair = found.sharing.set_index("who")["fair_saving"].to_dict()
    assert fair == pytest.approx(value)
    assert min(value.values()) > 0.0


def test_two_owners_share_equally_what_they_save_together() -> None:
    """With two players the Shapley value is half each, whoever has the stock."""
    found = pooled(network({"A1": "Anna", "A2": "Bella"}, [("A1", "A2"), ("A2", "A1")], points=2), forecast(2), PRICE)
    fair = found.sharing.set_index("who")["fair_saving"]
    assert fair["Anna"] == pytest.approx(fair["Bella"])
    assert fair["Anna"] > 0.0
    assert fair[OWN_COMPANY] == 0.0


def test_without_owners_regions_are_compared() -> None:
    """No site has an owner: a row per region, all help is inside it, and nobody compensates anybody."""
    found = pooled(network({}), forecast(), PRICE)
    assert not found.by_owner
    assert found.sharing["who"].tolist() == ["R1", "R2"]
    assert total(found, "within") == pytest.approx(total(found, "together"))
    assert total(found, "together") < total(found, "alone")
    assert found.exchanges.empty
    assert any(line.startswith("Points of a region helping each other saves $") for line in lines(found))
    assert not any("Shapley" in line for line in lines(found))


def test_a_few_main_points_get_most_of_the_saving(found: Pooling) -> None:
    """From none (alone) to all that can give (together); one main point a depot gets half of it, two get 95 %."""
    mains, cost, share = (found.mains[name].to_numpy(float) for name in ("mains", "cost", "share"))
    assert mains.tolist() == [0, 1, 2, 3]
    assert cost[0] == pytest.approx(total(found, "alone"))
    assert cost[3] == pytest.approx(total(found, "together"))
    assert share == pytest.approx((cost[0] - cost) / (cost[0] - cost[3]))
    assert share[2] > 0.95
    assert share[1] > 0.5
    assert any(line.startswith("Main points: if only the busiest point of each depot") for line in lines(found))


def test_more_than_six_owners_have_no_fair_share() -> None:
    """Seven owners who can help each other: what each gains is said, what would be fair is not."""
    names = [f"A{number}" for number in range(1, 8)]
    ring = [(a, b) for a, b in zip(names, [*names[1:], names[0]], strict=True)]
    found = pooled(network({name: f"owner {name}" for name in names}, ring, points=7), forecast(7), PRICE)
    shares = found.sharing.set_index("who")["fair_saving"]
    assert shares.drop(OWN_COMPANY).isna().all()
    assert shares[OWN_COMPANY] == 0.0
    assert any("with so many owners no fair share was computed" in line for line in lines(found))
    assert found.json()["sharing"][1]["fair_saving"] is None


def test_where_no_lane_goes_from_point_to_point_nothing_is_saved() -> None:
    """Without laterals every way of sharing costs the same, and people are told so."""
    found = pooled(network(OWNERS, []), forecast(), PRICE)
    assert total(found, "together") == total(found, "within") == total(found, "alone")
    assert lines(found)[-1].startswith("Points helping each other saves nothing")


def test_people_are_told_what_sharing_saves_and_whom(found: Pooling) -> None:
    """The saving in money, a line for every owner, and what each should pay or receive."""
    told = lines(found)
    saved = total(found, "within") - total(found, "together")
    assert any(line.startswith(f"Sharing between the owners saves ${saved:,.2f} a year") for line in told) or any(
        line.startswith(f"Sharing between the owners saves ${saved:,.0f} a year") for line in told
    )
    for name in found.sharing["who"]:
        assert any(line.startswith(f"  {name}: stock $") for line in told)
    due = found.sharing.set_index("who")["compensation"]
    for name, amount in due[due.abs() >= 0.5].items():
        way = "receives" if amount > 0 else "pays"
        assert any(line.startswith(f"  {name} ") and f"so it {way} $" in line for line in told)


def test_a_group_without_price_is_refused() -> None:
    """A plan made before the service group existed cannot be studied."""
    with pytest.raises(ZapasError, match="no price of waiting for service group screens"):
        pooled(network(OWNERS), forecast(), {"default": 60.0})


def test_a_plan_folder_is_studied_on_its_network(tmp_path: Path) -> None:
    """From the two folders: owners in `sites`, a lateral in `lanes`; a network of another day is refused."""
    tables, settings = tiny()
    more = {"lane": "P11-P12-courier", "origin": "P11", "destination": "P12", "mode": "courier", "transit_days": 0.5}
    tables["lanes"] = pd.concat(
        [tables["lanes"], pd.DataFrame([{**more, "cost_per_kg": 1.0, "dangerous_goods": True}])], ignore_index=True
    )
    tables["sites"] = tables["sites"].assign(owner=tables["sites"]["site"].map({"P12": "Partner"}).fillna(""))
    planned((tables, settings), tmp_path)
    found = pooling(tmp_path / "network", tmp_path / "plan")
    assert found.by_owner
    assert found.sharing["who"].tolist() == ["Partner", OWN_COMPANY]
    assert total(found, "together") <= total(found, "alone") + 1e-9
    text = (tmp_path / "network" / "network.toml").read_text()
    (tmp_path / "network" / "network.toml").write_text(text.replace("2025-06-29", "2025-06-22"))
    with pytest.raises(ZapasError, match="this plan is of 2025-06-29"):
        pooling(tmp_path / "network", tmp_path / "plan")
