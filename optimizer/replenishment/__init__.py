"""Replenishment: suppliers → hub → depots by every lane, week by week, with a proven gap (MODEL 3)."""

from optimizer.replenishment.params import Params
from optimizer.replenishment.plan import replenish

__all__ = ["Params", "replenish"]
