"""Part programs: the cheapest plan of every part at given prices, and a lower bound on any plan of it (MODEL 3)."""

from optimizer.replenishment.program.facts import Terms
from optimizer.replenishment.program.part_plans import PartPlans, picked
from optimizer.replenishment.program.programs import Programs

__all__ = ["PartPlans", "Programs", "Terms", "picked"]
