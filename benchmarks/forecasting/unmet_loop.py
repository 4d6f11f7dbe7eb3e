"""Year one of a repair network by a plain weekly order-up-to loop: what planning from `used` alone costs.

A demo network opens with empty shelves: in its first half year a share of the cases finds no part. From then on every
part × region lives by its own shelf. Each week the planner orders up to the quantile of demand over lead time + review;
what the shelf cannot serve is given up and written down as unmet. Planners differ only in what they learn from:

- `used`: the units served;
- `used + unmet`: every case that wanted the part (MODEL 1);
- `used + stock-outs`: the units served, against the time the shelf was not empty (`forecasting.unmet`).

    python -m benchmarks.forecasting.unmet_loop [SEED]
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.counts import quantile
from forecasting.gamma_poisson import gamma_poisson
from forecasting.history import History, read_history
from forecasting.series import Series
from simulation.demo import generate
from storage.network_folder import network_from_tables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PLANNERS = ("used", "used + unmet", "used + stock-outs")


@dataclass(frozen=True)
class Policy:
    """lead_weeks: order to shelf. level: of the quantile ordered up to, by default the demo's own service target.

    early_weeks: before the shelves open; the first orders arrive as they do. weeks: with the year after that.
    refit_weeks: between two forecasts.
    """

    lead_weeks: int = 8
    level: float = 0.93
    early_weeks: int = 26
    weeks: int = 78
    refit_weeks: int = 4

    @property
    def year_one(self) -> slice:
        """Weeks in which the shelves serve."""
        return slice(self.early_weeks, self.weeks)


@dataclass(frozen=True)
class Wanted:
    """Demand and what the early weeks served, units, shape (leaves, weeks); early_unserved: share missed then."""

    demand: Floats
    served_early: Floats
    starts: Ints
    classes: Ints
    early_unserved: float


def demo_demand(early_unserved: float, seed: int, size: str = "small", every: int = 1) -> Wanted:
    """Demand by part × region and week of a demo that opened with empty shelves; of `every`-th leaf."""
    demo = generate(size, seed, early_unserved)
    network = network_from_tables(demo.tables, demo.settings)[0]
    usage = network.usage
    used = usage.assign(quantity=usage["quantity"].where(usage["kind"] == "used", 0))
    everything, served = read_history(network, 1), read_history(replace(network, usage=used), 1)
    leaf = pd.MultiIndex.from_arrays([served.part, served.region]).get_indexer(_leaves(everything))
    chosen = slice(None, None, every)
    return Wanted(
        demand=everything.counts[chosen],
        served_early=np.where(leaf[:, None] >= 0, served.counts[leaf], 0.0)[chosen],
        starts=everything.starts[chosen],
        classes=everything.classes[chosen],
        early_unserved=early_unserved,
    )


def order_up_to(wanted: Wanted, planner: str, policy: Policy, seed: int) -> Floats:
    """Units served, shape (leaves, weeks). Raises ValueError for an unknown planner.

    An order placed at the end of week t arrives as week t + 1 + lead begins, so the level covers lead + 1 weeks.
    """
    if planner not in PLANNERS:
        raise ValueError(f"there is no planner {planner}; choose {', '.join(PLANNERS)}")
    rng = np.random.default_rng(seed)
    leaves, ahead = len(wanted.demand), policy.lead_weeks + 1
    served, seen = wanted.served_early[:, : policy.weeks].copy(), np.ones((leaves, policy.weeks))
    seen[:, : policy.early_weeks] -= wanted.early_unserved
    on_hand, under_way = np.zeros(leaves), np.zeros((leaves, policy.weeks + ahead))
    for week in range(policy.early_weeks - ahead, policy.weeks):
        if week >= policy.early_weeks:
            on_hand += under_way[:, week]
            under_way[:, week] = 0.0
            served[:, week] = np.minimum(on_hand, wanted.demand[:, week])
            seen[:, week] = _time_in_stock(on_hand, wanted.demand[:, week], rng)
            on_hand -= served[:, week]
        if (week - policy.early_weeks + ahead) % policy.refit_weeks == 0:
            counts = wanted.demand if planner == "used + unmet" else served
            exposure = seen if planner == "used + stock-outs" else np.ones_like(seen)
            known = Series(counts[:, : week + 1], exposure[:, : week + 1], wanted.starts, wanted.classes)
            mean, variance = gamma_poisson(known, np.ones((leaves, ahead)), ahead).moments(ahead)
            level = quantile(mean, variance, policy.level)
        under_way[:, week + ahead] = np.maximum(level - on_hand - under_way.sum(axis=1), 0.0)
    return served


def fill(wanted: Wanted, served: Floats, weeks: slice) -> float:
    """Units served at once ÷ units wanted in these weeks."""
    return float(served[:, weeks].sum() / wanted.demand[:, : served.shape[1]][:, weeks].sum())


def fill_by_week(wanted: Wanted, served: dict[str, Floats], over: int = 2) -> pd.DataFrame:
    """planner, week, fill: of blocks of `over` weeks, for a chart."""
    rows = [
        (planner, week + over, fill(wanted, units, slice(week, week + over)))
        for planner, units in served.items()
        for week in range(0, units.shape[1] - over + 1, over)
    ]
    return pd.DataFrame(rows, columns=["planner", "week", "fill"])


def year_one(wanted: Wanted, policy: Policy, planners: Iterable[str] = PLANNERS, seed: int = 1) -> dict[str, Floats]:
    """Units served by each planner, who all face the same demand."""
    return {planner: order_up_to(wanted, planner, policy, seed) for planner in planners}


def _time_in_stock(on_hand: Floats, demand: Floats, rng: np.random.Generator) -> Floats:
    """Share of the week until the shelf is empty: the k-th of n cases spread evenly comes at Beta(k, n − k + 1)."""
    emptied = demand >= on_hand
    k = np.where(emptied & (on_hand > 0), on_hand, 1.0)
    moment = rng.beta(k, np.maximum(demand - k, 0.0) + 1.0)
    return np.where(emptied, np.where(on_hand > 0, moment, 0.0), 1.0)


def _leaves(history: History) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([history.part, history.region])


if __name__ == "__main__":
    policy, wanted = Policy(), demo_demand(0.4, seed=int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for planner, units in year_one(wanted, policy).items():
        late = slice(policy.weeks - 13, policy.weeks)
        whole_year, last_quarter = (fill(wanted, units, weeks) for weeks in (policy.year_one, late))
        print(f"{planner:18} fill of year one {whole_year:.1%}, of its last quarter {last_quarter:.1%}")
