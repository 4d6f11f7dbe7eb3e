"""Goods into cartons: whole ones as the supplier packs them, the rest together in mixed cartons."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Carton:
    """What a mixed carton holds: goods of so many litres and kg, whichever is reached first."""

    litres: float
    kg: float


MIXED = Carton(litres=60.0, kg=20.0)
"""Assumed: a double-wall export carton of about 60 × 40 × 25 cm, no heavier than one person may lift."""
OWN_CARTON = 0.25
"""Assumed: an order multiple that fills so much of a mixed carton comes in a carton of its own, a smaller one in bags
or trays that travel like single pieces."""


def cartons(
    box: Ints, boxes: int, quantity: Ints, multiple: Ints, unit_litres: Floats, unit_kg: Floats, mixed: Carton = MIXED
) -> Ints:
    """Cartons of each of `boxes` groups of lines that travel together, shape (boxes,).

    Per line: `box` the group it belongs to, quantity (units), the part's order multiple, litres and kg of one unit.
    Whole order multiples keep the supplier's carton, where it is one. All else shares mixed cartons by litres and kg,
    without wasted room; a unit larger or heavier than a mixed carton travels in one of its own. Dangerous goods share
    with nothing else: give them a box.
    """
    fill = np.maximum(unit_litres / mixed.litres, unit_kg / mixed.kg)
    packed = (multiple > 1) & (multiple * fill >= OWN_CARTON)
    whole = np.where(packed, quantity // np.maximum(multiple, 1), 0)
    loose = quantity - whole * multiple
    own, shared = whole + np.where(fill > 1, loose, 0), np.where(fill > 1, 0, loose)
    litres = np.bincount(box, shared * unit_litres, minlength=boxes)
    kg = np.bincount(box, shared * unit_kg, minlength=boxes)
    filled = np.ceil(np.maximum(litres / mixed.litres, kg / mixed.kg) - 1e-9)
    filled = np.maximum(filled, np.bincount(box, shared, minlength=boxes) > 0)
    return (filled + np.bincount(box, own, minlength=boxes)).astype(np.int64)
