"""The table of "done" lines, issue by issue. A new line is a row here and a function that yields what it measures."""

from . import demos, optimality, robustness
from .line import Line

REAL = "with ZAPAS_REAL_DATA naming the folder of the real data, "

LINES = (
    Line(
        2,
        "fresh-clone",
        "From a fresh clone `make demo` ends in ≤ 4 minutes with a plan of gap ≤ 5 %, again in ≤ 25 s; `make test` in "
        "≤ 10 minutes",
        demos.fresh_clone,
        "`git clone` into an empty folder; there `time make demo` twice, then `time make test` (PIP_NO_CACHE_DIR=1)",
    ),
    Line(
        2,
        "small-demo",
        "The small demo is what it promises: gap ≤ 5 %, limits that bind, 15 % dangerous goods, large lots, ≥ 3 groups",
        demos.small,
        "`zapas demo DIR --size small`, `zapas plan DIR --out OUT`; OUT/plan.json",
    ),
    Line(
        2,
        "wisetech",
        "wisetech generated in ≤ 60 s, planned in ≤ 180 s and ≤ 6 GB (whole process tree) on 2 cores; gap ≤ 1 %, "
        "gap_controllable ≤ 8 %, gap_at_zero_prices − gap ≥ 0.0005; and the demo is what it promises",
        demos.wisetech,
        "`zapas demo DIR --size wisetech`, `time zapas plan DIR --out OUT`; OUT/plan.json",
    ),
    Line(
        2,
        "random-networks",
        "On ≥ 200 random tiny networks cost within 1 % of the optimum on average, the bound never above it, the cost "
        "recomputed by code that shares nothing with the optimizer equal to 1e-6",
        optimality.random_networks,
        "`--only random-networks`; one network: tests.random_networks.random_network(SEED), tests.oracle",
    ),
    Line(
        2,
        "car-parts",
        "The plan on the car-parts network respects every multiple, MOQ, capacity, budget, calendar and "
        "dangerous-goods rule, judged by independent code",
        optimality.car_parts,
        f"{REAL}`pytest -m accept tests/benchmarks/test_car_parts.py`",
    ),
    Line(
        2,
        "metric",
        "METRIC equals the published figures of the five bases to 1e-6",
        optimality.metric,
        f"{REAL}`pytest tests/optimizer/targets/test_performance.py`",
    ),
    Line(
        2,
        "crash-safety",
        "A kill at any moment, a full disk (a 1 MB tmpfs), a file where OUT should be, and Ctrl-C leave the old plan "
        "or none, and say one clear sentence",
        robustness.crash_safety,
        "`pytest tests/storage/test_plan_folder.py tests/cli`; `zapas plan DIR --out OUT`, `kill -9` it, press Ctrl-C",
    ),
    Line(
        2,
        "determinism",
        "Same input, same bytes in every file but seconds; shuffled rows and columns change nothing; renamed ids leave "
        "the bound equal to 1e-6",
        robustness.determinism,
        "plan the small demo twice into different folders and `diff -r` them; shuffle or rename and plan again",
    ),
    Line(
        2,
        "api",
        "schemathesis on the API finds no 5xx and no undocumented answer",
        robustness.api,
        "`pytest tests/api`",
    ),
    Line(
        2,
        "looked-at",
        "report.html, plan.xlsx and the terminal summary were looked at as pictures and read as a planner in a hurry "
        "would",
        robustness.looked_at,
        "open build/demo/plan/report.html and plan.xlsx after `make demo`; write what you saw into docs/looked_at.md",
    ),
)
