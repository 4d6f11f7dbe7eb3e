"""Stock targets: two echelons, VARI-METRIC given Θ, one price of waiting per service group (MODEL 2)."""

from optimizer.targets.stationary import stock_targets

__all__ = ["stock_targets"]
