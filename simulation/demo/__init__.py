"""Synthetic networks to give away: believable to someone who runs repairs, with the hidden truth beside them."""

from simulation.demo.generator import Demo, generate
from simulation.demo.sizes import SIZES

__all__ = ["SIZES", "Demo", "generate"]
