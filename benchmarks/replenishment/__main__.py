"""Plans the small demo's parts by our decomposition and as one mixed-integer program by HiGHS, SCIP and CP-SAT.

    python -m benchmarks.replenishment [--parts 5 20 …] [--seconds S] [--solvers HiGHS …] [--out FOLDER]

writes peer.md and peer.svg into FOLDER (build/replenishment).
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from benchmarks.machine import machine_facts
from benchmarks.replenishment.instances import Problem, small_demo
from benchmarks.replenishment.race import LEAST_SECONDS, MOST_SECONDS, PARTS, TIMES_OURS, race, warm_up
from benchmarks.replenishment.solving import SOLVERS
from benchmarks.replenishment.table import race_chart, table_text
from reports.charts import svg

OUT = Path("build/replenishment")


def main(arguments: list[str], demo: Problem | None = None) -> int:
    """Measure, print, draw. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replenishment", description=__doc__)
    parser.add_argument("--parts", type=int, nargs="+", default=list(PARTS))
    parser.add_argument("--seconds", type=float, default=None, help="for each solver, instead of ten times ours")
    parser.add_argument("--solvers", nargs="+", default=list(SOLVERS), choices=list(SOLVERS))
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args(arguments)
    demo = demo or small_demo()
    compiled = warm_up(demo)
    frames = []
    asked.out.mkdir(parents=True, exist_ok=True)
    for frame in race(demo, asked.parts, asked.seconds, asked.solvers, _tell):
        frames.append(frame)
        found = pd.concat(frames, ignore_index=True)
        (asked.out / "peer.md").write_text(_page(found, compiled, asked.seconds), encoding="utf-8")
        (asked.out / "peer.svg").write_text(svg(race_chart(found)), encoding="utf-8")
    print(_page(found, compiled, asked.seconds))
    return 0


def _page(found: pd.DataFrame, compiled: float, seconds: float | None) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in machine_facts().items())
    given = (
        f"{seconds:.0f} s"
        if seconds
        else f"{TIMES_OURS:.0f} times our seconds, {LEAST_SECONDS:.0f} at least, {MOST_SECONDS:.0f} at most"
    )
    return f"""# The decomposition against one mixed-integer program

Parts of the small demo with budget, lanes and consignments cut in proportion; every plan's cost recomputed by the same
code. Everybody works on one core; the solvers are given {given}, and stop at a gap of 1e-6. The seconds are
of compiled code and include writing the program; compiling or loading took {compiled:.1f} s once.
Measured on: {facts}.

{table_text(found)}

![cost above the best bound, and seconds, by number of parts](peer.svg)
"""


def _tell(text: str) -> None:
    print(f"{text} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
