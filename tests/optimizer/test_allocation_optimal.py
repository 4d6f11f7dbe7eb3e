"""The allocation costs no more than the best of all allocations there are."""

from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.allocation import allocate
from tests.optimizer.allocation_networks import Case, Order, cost_by_decision, decision_of

CENT = 0.01


def pieces(*likely: int) -> st.SearchStrategy[int]:
    return st.sampled_from(likely)


ORDERS = st.builds(
    Order,
    site=st.sampled_from(["A", "B", "C", "D1"]),
    quantity=st.sampled_from([1, 1, 2]),
    due=st.integers(-9, 9),
    priority=st.sampled_from([1, 1, 2, 3, 4, 5]),
)
CASES = st.builds(
    Case,
    stock=st.fixed_dictionaries({site: pieces(0, 0, 0, 1, 2) for site in ("HUB", "D1", "D2", "A", "B", "C")}),
    base_stock=st.fixed_dictionaries(
        {"A": pieces(0, 1, 2), "B": pieces(0, 1, 2), "C": pieces(0, 1), "D2": pieces(0, 1)}
    ),
    demand=st.fixed_dictionaries({site: st.floats(0.02, 3.0) for site in ("A", "B", "C")}),
    orders=st.lists(ORDERS, max_size=3).map(lambda rows: {f"RO-{n}": row for n, row in enumerate(rows)}),
    inbound=st.lists(
        st.tuples(st.sampled_from(["D1", "D2", "A"]), st.integers(1, 30), st.integers(1, 2)),
        max_size=2,
        unique_by=lambda row: row[:2],
    ).map(tuple),
)


def size(case: Case) -> int:
    on_shelves = sum(units for site, units in case.base_stock.items() if site in "ABC")
    return on_shelves + sum(one.quantity for one in case.orders.values())


@settings(max_examples=80, deadline=None)
@given(CASES.filter(lambda case: size(case) <= 5))
def test_no_other_allocation_is_cheaper(case: Case) -> None:
    """Of all ways to serve a tiny case, tried one by one, the one chosen costs least."""
    found = decision_of(allocate(case.network(), case.targets(), case.forecast()))
    cost = cost_by_decision(case)
    assert cost[found] <= min(cost.values()) + CENT
