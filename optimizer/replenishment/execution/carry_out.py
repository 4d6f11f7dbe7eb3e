"""What a plan achieves when it is carried out: departures and modes fixed, quantities following demand (MODEL 3).

A shipment is ordered up to a level that answers all demand before its departure; between departures nothing answers.
So while line k is the last one in, a depot's net stock is O + inbound + U_k − D(s_k, τ], with s_k the departure of the
line and U_k = planned units through k − mean demand before s_k. Around that:

- goods that lie at points above their base stock serve these points alone until they are used up;
- a line whose goods are still to be bought leaves with the first departure after they reach the hub, and is short by
  what demand after the purchase exceeded its mean, beyond what the hub has to spare;
- a backlog at the depot falls on points by their share of demand, a backlog of today by what they lack today;
- a customer meets the size-biased law of the rate, an average day the plain one (MODEL 2).
"""

import numpy as np
import numpy.typing as npt

from domain.calendar import DAYS_PER_WEEK
from domain.threads import in_threads, kernel
from optimizer.replenishment.execution.demand import Demand, demand_of
from optimizer.replenishment.execution.expected import Execution
from optimizer.replenishment.execution.leaf import Supply, execute_leaf
from optimizer.replenishment.execution.lines import Lines, shipment_lines
from optimizer.replenishment.execution.points import Points
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.program import PartPlans

Floats = npt.NDArray[np.float64]


def execution(instance: Instance, plans: PartPlans) -> Execution:
    """Average over which line is the last one in, in the middle of each week."""
    leaves, points, parts = instance.leaves, instance.points, instance.parts
    times = np.asarray((np.arange(instance.published) + 0.5) * DAYS_PER_WEEK, dtype=np.float64)
    demand = demand_of(leaves)
    mended, mending_days = parts.mended[leaves.part], parts.mending_days[leaves.part]
    by_leaf = (len(leaves.part), instance.published)
    result = Execution(*(np.zeros(len(points.share)) for _ in range(3)), *(np.zeros(by_leaf) for _ in range(5)))
    in_threads(
        _execute,
        len(leaves.part),
        times,
        shipment_lines(instance, plans, demand, times),
        demand,
        Supply(leaves.net_stock, leaves.inbound, leaves.holding, mended, mending_days),
        Points(
            leaves.point_start, points.share, points.base_stock, points.net_stock,
            points.courier_weeks * DAYS_PER_WEEK, points.holding, points.waiting,
        ),
        result,
    )  # fmt: skip
    return result


@kernel
def _execute(
    begin: int, end: int, times: Floats, lines: Lines, demand: Demand, supply: Supply, points: Points, result: Execution
) -> None:
    for n in range(begin, end):
        execute_leaf(n, times, lines, demand, supply, points, result)
