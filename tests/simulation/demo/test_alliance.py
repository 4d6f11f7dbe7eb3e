"""The alliance in small: brands at home in some regions, so parts wanted in two to five of them."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.demo import SIZES, Demo, generate
from simulation.demo.geography import COUNTRIES, cities_of, distance_km
from simulation.demo.markets import Pairs
from storage.network_folder import network_from_tables

ALLIANCE = SIZES["alliance"]
SMALL = replace(ALLIANCE.with_parts(400), models=40, brands=10, models_per_platform=1.2, regions=ALLIANCE.regions[::5])


@pytest.fixture(scope="module")
def demo() -> Demo:
    return generate(SMALL, seed=1)


def test_the_alliance_has_the_promised_size() -> None:
    """50 depots in 30 or more countries, each with 20 points; 20 service groups; brands in two to five regions."""
    assert (ALLIANCE.parts, len(ALLIANCE.regions), sum(region.points for region in ALLIANCE.regions)) == (
        200_000, 50, 1_000,
    )  # fmt: skip
    assert len({region.depot_city for region in ALLIANCE.regions}) == 50
    assert len({region.country for region in ALLIANCE.regions}) >= 30
    assert sum(region.share for region in ALLIANCE.regions) == pytest.approx(1.0)
    assert ALLIANCE.regions_of_a_brand == (2, 5)
    service = ALLIANCE.service
    by_class = len(service.class_fill_rates) + len(service.class_wait_days)
    groups = by_class + len(service.country_wait_days) + service.near_countries
    assert groups + 3 == 20  # screens, critical ones and the default are the three


def test_every_part_is_wanted_in_two_to_five_regions(demo: Demo) -> None:
    """The truth has demand of every part ahead in 2-5 regions, and only there is it used; no region is without."""
    ahead = demo.truth["demand"]
    regions = ahead.groupby("part", observed=True)["region"].nunique()
    assert set(regions.index) == set(demo.tables["parts"]["part"])
    assert regions.between(2, 5).all()
    assert regions.nunique() > 1
    home = demo.tables["sites"].set_index("site")["region"]
    used = demo.tables["usage"][["part", "site"]].assign(region=demo.tables["usage"]["site"].map(home))
    leaves = demo.truth["leaves"][["part", "region"]]
    assert len(used.merge(leaves, on=["part", "region"])) == len(used)
    assert set(ahead["region"]) == set(home) - {""}


def test_the_tables_are_a_network_without_problems(demo: Demo) -> None:
    """The reader finds nothing to mend; at most the consignment that is late on purpose is remarked on."""
    network, report = network_from_tables(demo.tables, demo.settings)
    assert {(problem.severity, problem.table, problem.column) for problem in report.problems} <= {
        ("warning", "inbound", "expected")
    }
    assert len(network.parts) == 400
    assert network.sites["kind"].value_counts().to_dict() == {"origin": 1, "depot": 10, "repair_point": 200}
    promised = ALLIANCE.service
    here = [country for country, _ in promised.country_wait_days if country in set(network.sites["country"])]
    classes = len(promised.class_fill_rates) + len(promised.class_wait_days)
    assert len(network.service) == 2 + classes + len(here) + promised.near_countries
    assert network.parts["dangerous_goods"].mean() == pytest.approx(0.15)


def test_same_seed_gives_the_same_alliance(demo: Demo) -> None:
    """The same size and seed give equal tables and truth; another seed sells the brands elsewhere."""
    again, other = generate(SMALL, seed=1), generate(SMALL, seed=2)
    for mine, theirs in ((demo.tables, again.tables), (demo.truth, again.truth)):
        assert mine.keys() == theirs.keys()
        for name in mine:
            pd.testing.assert_frame_equal(mine[name], theirs[name], check_exact=True)
    assert not demo.truth["leaves"][["part", "region"]].equals(other.truth["leaves"][["part", "region"]])


def test_lots_and_repairs_keep_the_rules_of_the_other_sizes(demo: Demo) -> None:
    """20 % of the parts have a minimum order above half a year's demand; repairs a week are the size's."""
    ahead = demo.truth["demand"]
    half = ahead[ahead["week"] <= ahead["week"].min() + pd.Timedelta(weeks=25)]
    coming = half.groupby("part", observed=True)["mean"].sum()
    moq = demo.tables["parts"].set_index("part")["moq"]
    assert ((moq > 1) & (moq > coming.reindex(moq.index, fill_value=0.0))).mean() >= 0.20
    assert demo.truth["tickets"]["repairs"].sum() / 104 == pytest.approx(SMALL.tickets_per_week, rel=0.15)
    assert 0.02 < (demo.tables["usage"]["kind"] == "unmet").mean() < 0.06


def test_each_city_has_the_nearest_depot_of_its_country() -> None:
    """The depots of a country share its cities out, each to the nearest; no city or depot is in two regions."""
    homes = {region.depot_city for region in ALLIANCE.regions}
    served = {
        region.region: cities_of(COUNTRIES[region.country], region.depot_city, homes) for region in ALLIANCE.regions
    }
    for one, other in combinations(ALLIANCE.regions, 2):
        assert not {city.code for city in served[one.region]} & {city.code for city in served[other.region]}
        if one.country == other.country:
            mine, theirs = (served[region.region] for region in (one, other))
            home, away = (
                next(c for c in COUNTRIES[one.country].cities if c.code == r.depot_city) for r in (one, other)
            )
            assert all(distance_km(city, home) <= distance_km(city, away) for city in mine)
            assert all(distance_km(city, away) <= distance_km(city, home) for city in theirs)
    assert sum(map(len, served.values())) == sum(
        len(COUNTRIES[c].cities) for c in {r.country for r in ALLIANCE.regions}
    )


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=5))
def test_pairs_find_their_rows_and_add_up(present: list[list[bool]]) -> None:
    """Rows of a region are its items in order, `rows` finds them again, sums over regions are those of the table."""
    table = np.array(present)
    pairs = Pairs.where(table)
    values = np.arange(1.0, len(pairs.item) + 1)
    full = np.zeros(table.shape)
    full[table] = values
    assert pairs.over_regions(values) == pytest.approx(full.sum(axis=0))
    for region, row in enumerate(table):
        items = pairs.item[pairs.of(region)]
        assert items.tolist() == np.flatnonzero(row).tolist()
        assert (pairs.rows(region, items) == np.arange(len(pairs.item))[pairs.of(region)]).all()
