"""Replenishment against the same problem as a mixed-integer program, and parts' programs against exact optima."""

from collections.abc import Iterator, Sequence

from benchmarks.replenishment.exact_parts import EQUAL, PARTS, samples
from benchmarks.replenishment.instances import Problem, small_demo
from benchmarks.replenishment.race import OURS, race
from benchmarks.replenishment.race import PARTS as RACED
from benchmarks.replenishment.table import compared

from .line import Bench, Figure

SECONDS_EACH = 5.0  # at most, for the exact optimum of a part


def peer(
    bench: Bench, parts: Sequence[int] = RACED, seconds: float | None = None, demo: Problem | None = None
) -> Iterator[Figure | str]:
    """Cost, bound and seconds of the decomposition and of each solver on the same parts of the small demo."""
    cheaper, sooner, over = 0, 0, 0
    for frame in race(demo or small_demo(), parts, seconds, tell=bench.tell):
        found = compared(frame).set_index("planner")
        number, ours, others = int(found["parts"].iloc[0]), found.loc[OURS], found.drop(index=OURS)
        best = others["cost"].min()
        cheaper += not ours["cost"] > best * (1 + EQUAL)
        sooner += bool((ours["seconds"] <= others["seconds"] + others["written"]).all())
        over += int((found["bound"] > found["cost"].min() * (1 + EQUAL)).sum())
        yield f"{number} parts: " + "; ".join(
            f"{name} {row['cost']:,.0f}, bound {row['bound']:,.0f}, {row['seconds'] + row['written']:.1f} s"
            for name, row in found.iterrows()
        )
        yield Figure(f"{number} parts: our cost above the best bound", 100 * float(ours["above"]), "%")
    yield Figure("sizes measured", len(parts), at_least=len(RACED))
    yield Figure("sizes at which no solver finds a cheaper plan", cheaper)
    yield Figure("sizes at which no solver is sooner done", sooner)
    yield Figure("bounds above a plan somebody found", over, at_most=0)


def exact_parts(bench: Bench, parts: int = PARTS, seconds: float = SECONDS_EACH) -> Iterator[Figure | str]:
    """Plan and bound of single parts' programs against what HiGHS proves of each part alone."""
    for name, found in samples(parts, seconds, bench.tell):
        yield name
        yield from found.lines()
        yield Figure("parts compared", len(found.part), at_least=parts if name.startswith("Parts") else 1)
        yield Figure("optimum proven", int(found.proven.sum()), "of them", at_least=0.5 * len(found.part))
        yield Figure("plan above the best seen, on average", 100 * float(found.excess.mean()), "%")
        yield Figure("worst", 100 * float(found.excess.max()), "%")
        yield Figure("bound below the best seen, on average", 100 * float(found.shortfall.mean()), "%")
        yield Figure("bounds above a plan somebody found", found.bounds_above, at_most=0)
