"""Today's stock to today's needs: a min-cost flow per part, in which a unit left waiting is charged (MODEL 4)."""

from optimizer.allocation.moves import with_moves
from optimizer.allocation.today import allocate

__all__ = ["allocate", "with_moves"]
