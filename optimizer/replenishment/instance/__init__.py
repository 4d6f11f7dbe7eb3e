"""The replenishment problem as arrays: ids become indices here, once, and never leave this folder."""

from optimizer.replenishment.instance.arrays import NEVER, Instance, Points
from optimizer.replenishment.instance.building import build_instance

__all__ = ["NEVER", "Instance", "Points", "build_instance"]
