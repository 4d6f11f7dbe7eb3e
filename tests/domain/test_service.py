"""Which service group a part at a point belongs to, and what the group is promised."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.network import Network, Settings
from domain.service import BackorderCost, FillRate, MeanWait, WithinDays, group_of, service_targets
from tests.random_networks import AS_OF, network_of

SITES = [
    {"site": "D1", "kind": "depot", "country": "RU", "region": "R1"},
    {"site": "A", "kind": "repair_point", "country": "RU", "region": "R1"},
    {"site": "B", "kind": "repair_point", "country": "KZ", "region": "R1"},
]
PARTS: list[dict[str, Any]] = [
    {"part": "s", "part_class": "screen", "criticality": "high", "unit_cost": 1.0},
    {"part": "b", "part_class": "battery", "unit_cost": 1.0},
    {"part": "x", "unit_cost": 1.0},
]
MODELS = [
    {"model": "M1", "brand": "Orbit", "category": "phone"},
    {"model": "M2", "brand": "Comet", "category": "phone"},
]
FITMENT = [{"model": "M1", "part": "s"}, {"model": "M2", "part": "s"}, {"model": "M2", "part": "b"}]


def network(*service: dict[str, Any]) -> Network:
    """Two points in two countries, three parts of two brands, and these service rows."""
    return network_of(
        Settings(as_of=AS_OF, currency="USD", fill_rate=0.85),
        sites=SITES,
        parts=PARTS,
        models=MODELS,
        fitment=FITMENT,
        service=list(service),
    )


def groups(of: Network, *pairs: tuple[str, str]) -> list[str]:
    """Names of the groups of these parts at these sites."""
    part, site = (np.array(ids, dtype=object) for ids in zip(*pairs, strict=True))
    names = list(service_targets(of))
    return [names[g] for g in group_of(of, part, site)]


def in_order(of: Network, *names: str) -> Network:
    """The same network with its service rows in this order."""
    rows = of.service.set_index("group").loc[list(names)].reset_index()
    return replace(of, service=rows[of.service.columns])


def test_the_first_row_that_fits_decides() -> None:
    """Of two rows that fit, the one that stands first in the table is taken."""
    both = network(
        {"group": "screens", "part_class": "screen", "fill_rate": 0.9},
        {"group": "west", "region": "R1", "fill_rate": 0.8},
    )
    assert groups(in_order(both, "screens", "west"), ("s", "A"), ("b", "A")) == ["screens", "west"]
    assert groups(in_order(both, "west", "screens"), ("s", "A"), ("b", "A")) == ["west", "west"]


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        ({"part_class": "battery"}, ("b", "A"), ("s", "A")),
        ({"criticality": "high"}, ("s", "A"), ("b", "A")),
        ({"brand": "Orbit"}, ("s", "B"), ("b", "B")),
        ({"brand": "Comet"}, ("s", "A"), ("x", "A")),
        ({"country": "KZ"}, ("x", "B"), ("x", "A")),
        ({"country": "KZ", "part_class": "screen"}, ("s", "B"), ("b", "B")),
    ],
)
def test_every_condition_of_a_row_must_fit(
    condition: dict[str, str], inside: tuple[str, str], outside: tuple[str, str]
) -> None:
    """Class, criticality, brand of any fitted model, country: empty fits all, what is given must fit."""
    of = network({"group": "g", "fill_rate": 0.9} | condition)
    assert groups(of, inside, outside) == ["g", "default"]


def test_default_takes_the_rest_with_the_networks_fill_rate() -> None:
    """What no row fits belongs to `default`, whose target is the network's fill rate unless a row says otherwise."""
    assert service_targets(network()) == {"default": FillRate(0.85)}
    assert groups(network(), ("x", "A")) == ["default"]
    assert service_targets(network({"group": "default", "country": "KZ", "fill_rate": 0.7})) == {
        "default": FillRate(0.7)
    }


def test_each_kind_of_target_is_read() -> None:
    """A row gives a fill rate, a mean wait, a share within days, or a price."""
    of = network(
        {"group": "a", "fill_rate": 0.9},
        {"group": "b", "mean_wait_days": 2.0},
        {"group": "c", "within_days": 3.0, "share": 0.8},
        {"group": "d", "backorder_cost_per_day": 4.0},
    )
    kinds = [FillRate(0.9), MeanWait(2.0), WithinDays(3.0, 0.8), BackorderCost(4.0), FillRate(0.85)]
    assert list(service_targets(of).values()) == kinds


@pytest.mark.parametrize("given_values", [{}, {"fill_rate": 0.9, "mean_wait_days": 1.0}, {"within_days": 3.0}])
def test_a_row_with_no_or_two_targets_is_refused(given_values: dict[str, float]) -> None:
    """Exactly one target a row; the error names the group."""
    of = network({"group": "odd", "fill_rate": 0.5})
    row = of.service.assign(fill_rate=np.nan).assign(**given_values)
    with pytest.raises(ValueError, match="service group odd: give exactly one"):
        service_targets(replace(of, service=row))


def test_unknown_ids_are_refused() -> None:
    """A part or a site the network does not have is an error that names it."""
    with pytest.raises(ValueError, match="part nope is not in the network"):
        groups(network(), ("nope", "A"))
    with pytest.raises(ValueError, match="site nowhere is not in the network"):
        groups(network(), ("s", "nowhere"))


CONDITION = st.fixed_dictionaries(
    {
        "part_class": st.sampled_from(["", "screen", "battery"]),
        "brand": st.sampled_from(["", "Orbit", "Comet"]),
        "country": st.sampled_from(["", "RU", "KZ"]),
    }
)


@given(st.lists(CONDITION, max_size=5))
@settings(deadline=None, max_examples=40)
def test_the_vectorised_rule_is_the_naive_one(conditions: list[dict[str, str]]) -> None:
    """For every part and point the group is that of a plain loop over the rows."""
    of = network(*({"group": f"g{i}", "fill_rate": 0.9} | row for i, row in enumerate(conditions)))
    brands = {"s": {"Orbit", "Comet"}, "b": {"Comet"}, "x": set()}

    def naive(part: dict[str, Any], site: dict[str, str]) -> str:
        for i, row in enumerate(conditions):
            if (
                row["part_class"] in ("", part.get("part_class", "other"))
                and (row["brand"] == "" or row["brand"] in brands[part["part"]])
                and row["country"] in ("", site["country"])
            ):
                return f"g{i}"
        return "default"

    pairs = [(part, site) for part in PARTS for site in SITES]
    assert groups(of, *((p["part"], s["site"]) for p, s in pairs)) == [naive(p, s) for p, s in pairs]
