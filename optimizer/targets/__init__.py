"""Stock targets: two echelons, VARI-METRIC given Θ, one price of waiting per service group (MODEL 2)."""

from optimizer.targets.stationary import stock_targets
from optimizer.targets.stay import Previous

__all__ = ["Previous", "stock_targets"]
