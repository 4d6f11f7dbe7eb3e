"""Replenishment against the same problem as a mixed-integer program, and parts' programs against exact optima."""

from collections.abc import Iterator, Sequence

from benchmarks.car_parts import car_parts_network
from benchmarks.replenishment.exact_parts import EQUAL, PARTS, samples
from benchmarks.replenishment.instances import Problem, small_demo
from benchmarks.replenishment.race import OURS, race
from benchmarks.replenishment.race import PARTS as RACED
from benchmarks.replenishment.scale import PARTS as GROWING
from benchmarks.replenishment.scale import alliance, scale
from benchmarks.replenishment.single_mode import PLAN, READINGS, Contest, farthest, of_folders, saved
from benchmarks.replenishment.table import compared
from storage.network_writing import write_tables

from .demos import planned, zapas
from .line import Bench, Figure

SEEDS = (1, 2, 3, 4, 5)
JUDGED, UNEQUAL = "one mode a depot", 0.005  # the peer of the line; fill rates within half a point are equal
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


def single_mode(
    bench: Bench, seeds: Sequence[int] = SEEDS, plays: int = 3, car_parts: int = 300
) -> Iterator[Figure | str]:
    """Logistics cost of the plan made anew every week against single-mode (s, nQ) at its fill rates, all plays of all
    demos together; then the car-parts network (`car_parts` of its parts), where the real data are."""
    contests = []
    for seed in seeds:
        contests.append(of_folders(*planned(bench, "small", seed), plays, tell=bench.tell))
        yield f"demo {seed}: {_contest(contests[-1])}"
    for reading, words in READINGS.items():
        share, judged = saved(contests, reading), reading == JUDGED
        least = (22, 18, 100 * UNEQUAL) if judged else (None, None, None)
        yield Figure(f"saved against {words}", 100 * share.value, "%", at_least=least[0])
        yield Figure("  lower end of its 95 % interval", 100 * share.low, "%", at_least=least[1])
        yield Figure("  farthest fill rate of a group", 100 * farthest(contests, reading), "points", at_most=least[2])
    if bench.real_data is None:
        yield "car parts: not played, ZAPAS_REAL_DATA is not set"
        return
    folder, out = bench.folder / "car_parts", bench.folder / "car_parts_plan"
    tables, settings = car_parts_network(bench.real_data, car_parts)
    write_tables(tables, settings, folder)
    zapas(bench, "plan", folder, "--out", out)
    yield f"{car_parts} car parts: {_contest(of_folders(folder, out, plays, tell=bench.tell))}"


def scaling(bench: Bench, sizes: Sequence[int] = GROWING) -> Iterator[Figure | str]:
    """Seconds, gap and memory of networks of these sizes, and how seconds grow with the parts."""
    yield from scale(bench.folder, sizes)


def industrial(bench: Bench) -> Iterator[Figure | str]:
    """The alliance: seconds, gap and memory, step by step."""
    yield from alliance(bench.folder)


def _contest(found: Contest) -> str:
    ours = found.logistics(PLAN).mean()
    others = ", ".join(
        f"{words} {found.logistics(reading).mean():,.0f} ({100 * saved([found], reading).value:+.1f} % saved)"
        for reading, words in READINGS.items()
    )
    return f"logistics cost of the plan {ours:,.0f}; {others}"
