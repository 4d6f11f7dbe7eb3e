"""Cartons: nothing left over, nothing heavier than it may be, dangerous goods by themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.packing import MIXED, cartons

LINE = st.tuples(
    st.integers(0, 2),  # the box
    st.integers(1, 400),  # quantity
    st.sampled_from([1, 5, 12, 50]),  # order multiple
    st.sampled_from([0.0, 0.2, 3.0, 61.0]),  # litres
    st.sampled_from([0.01, 0.4, 6.0, 25.0]),  # kg
)


def packed(*lines: tuple[int, int, int, float, float]) -> list[int]:
    box, quantity, multiple, litres, kg = (np.array(column) for column in zip(*lines, strict=True))
    return [int(n) for n in cartons(box, 3, quantity, multiple, litres.astype(float), kg.astype(float))]


def test_the_suppliers_cartons_stay_whole_and_the_rest_is_mixed() -> None:
    """23 pieces that come 10 to a carton of 20 litres: two cartons as they come, and three pieces in a mixed one."""
    assert packed((0, 23, 10, 2.0, 0.1)) == [3, 0, 0]
    assert packed((0, 20, 10, 2.0, 0.1)) == [2, 0, 0]


def test_small_packs_travel_like_single_pieces() -> None:
    """A bag of five connectors is no carton: forty bags and a few screens share one."""
    assert packed((0, 200, 5, 0.02, 0.01), (0, 3, 1, 1.0, 0.35)) == [1, 0, 0]


@pytest.mark.parametrize(("litres", "kg", "expected"), [(0.6, 0.01, 2), (0.01, 0.2, 2), (0.61, 0.1, 3)])
def test_a_mixed_carton_is_full_by_litres_or_by_kg(litres: float, kg: float, expected: int) -> None:
    """200 pieces fill two cartons of 60 litres or 20 kg exactly; a little more needs a third."""
    assert packed((0, 200, 1, litres, kg)) == [expected, 0, 0]


def test_what_fits_no_carton_travels_alone() -> None:
    """Pieces larger or heavier than a mixed carton are one carton each and leave room for nothing."""
    assert packed((0, 3, 1, 80.0, 2.0), (0, 2, 1, 1.0, 30.0), (0, 1, 1, 0.1, 0.1)) == [6, 0, 0]


@given(st.lists(LINE, min_size=1, max_size=8))
def test_cartons_hold_what_is_sent(lines: list[tuple[int, int, int, float, float]]) -> None:
    """Each box by itself: cartons where there are goods, never more than pieces, and enough for the loose ones."""
    found = packed(*lines)
    for box in range(3):
        mine = [line for line in lines if line[0] == box]
        assert (found[box] > 0) == bool(mine)
        assert found[box] <= sum(quantity for _, quantity, _, _, _ in mine)
        assert packed(*mine)[box] == found[box] if mine else found[box] == 0
        single = [(quantity, litres, kg) for _, quantity, multiple, litres, kg in mine if multiple == 1]
        small = [(q, litres, kg) for q, litres, kg in single if litres <= MIXED.litres and kg <= MIXED.kg]
        assert found[box] >= sum(q * litres for q, litres, _ in small) / MIXED.litres - 1e-9
        assert found[box] >= sum(q * kg for q, _, kg in small) / MIXED.kg - 1e-9


@given(st.lists(LINE, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(lines: list[tuple[int, int, int, float, float]], random: object) -> None:
    """Lines shuffled: the same cartons."""
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert packed(*shuffled) == packed(*lines)
