"""Transfers between depots, decided before anything is bought: excess first (MODEL 4)."""

from optimizer.transfers.decide import Params, decide_transfers

__all__ = ["Params", "decide_transfers"]
