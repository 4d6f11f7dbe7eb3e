"""Which depots to open: facility location on aggregated demand, and the network each choice makes."""

from optimizer.siting.aggregate import aggregate
from optimizer.siting.choose import choose
from optimizer.siting.problem import SitingProblem
from optimizer.siting.served import served, served_today, stock_moved
from optimizer.siting.ways import last_leg, ways_to_points

__all__ = [
    "SitingProblem",
    "aggregate",
    "choose",
    "last_leg",
    "served",
    "served_today",
    "stock_moved",
    "ways_to_points",
]
