"""What a plan achieves when it is carried out: departures and modes fixed, quantities following demand (MODEL 3)."""

from optimizer.replenishment.execution.carry_out import execution
from optimizer.replenishment.execution.expected import Execution

__all__ = ["Execution", "execution"]
