"""The table of "done" lines, issue by issue. A new line is a row here and a function that yields what it measures."""

from benchmarks.forecasting.coherence import coherence
from benchmarks.forecasting.scale import scale

from . import demos, forecasting, optimality, referee, replenishment, robustness, targets, what_if
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
    Line(
        3,
        "pinball-loss",
        "zapas backtest, last H periods held out: scaled pinball loss ≤ 0.208 on carparts (H = 6), ≤ 0.172 on auto "
        "(H = 3)",
        forecasting.loss,
        f"{REAL}`zapas backtest DATA/carparts.csv.gz --horizon 6 --out OUT`, `score_backtest.py DATA/carparts.csv.gz "
        "OUT/quantiles.parquet --horizon 6`; auto with 3",
    ),
    Line(
        3,
        "calibration",
        "On both, at .8 .9 .95 .99: below ≤ q + 0.02, covered ≥ q − 0.02; every decile of the non-randomised PIT "
        "within 0.03; quantiles integer and monotone; zeros over the last H periods change none",
        forecasting.calibration,
        f"{REAL}`zapas backtest` as above; OUT/scores.parquet, OUT/quantiles.parquet",
    ),
    Line(
        3,
        "installed-base",
        "On the demo's ramp-up and phase-out models scaled pinball loss at 26 weeks ≤ 0.75 × the best time-series "
        "contender's",
        forecasting.installed_base,
        "`python -m benchmarks.forecasting.installed_base`",
    ),
    Line(
        3,
        "triangles",
        "Of simulated sale × failure triangles, known hazard, warranty end and defective share each lie in their 95 % "
        "interval in ≥ 90 of 100",
        forecasting.triangles,
        "`python -m benchmarks.forecasting.triangles`",
    ),
    Line(
        3,
        "life",
        "On four sets of real lives the fit equals lifelines' maximum likelihood",
        forecasting.life,
        f"{REAL}`pytest tests/forecasting/installed_base/test_life.py`",
    ),
    Line(
        3,
        "backblaze",
        "On the Backblaze snapshots the next interval's failures per model fall in the 80 % interval ≥ 70 %, strictly "
        "inside ≤ 90 % of the time",
        forecasting.backblaze,
        f"{REAL}`python -m benchmarks.forecasting.backblaze`",
    ),
    Line(
        3,
        "unmet-demand",
        "On a demo with 40 % of early cases unserved, planning from used + unmet fills ≥ 10 points more of year one "
        "than from used alone",
        forecasting.unmet,
        "`python -m benchmarks.forecasting.unmet_loop`; notebooks/unmet_demand.ipynb",
    ),
    Line(
        3,
        "scale",
        "60,000 series × 104 weeks forecast in ≤ 60 s and ≤ 3 GB on 2 cores with methods given, chosen in ≤ 15 "
        "minutes; cost linear in series",
        scale,
        "`python -m benchmarks.forecasting.scale panel FILE.parquet 60000 104`, then `time` it with `select` and "
        "`forecast FILE.parquet 8 FOLDER`",
    ),
    Line(
        3,
        "coherence",
        "Part, region and point add up at 200,000 leaves in ≤ 2 GB",
        coherence,
        "`python -m benchmarks.forecasting.coherence FOLDER 200000 40 20`",
    ),
    Line(
        3,
        "quality-signals",
        "Parts failing above 1.2 × their category and the week they turned, with false-alarm and detection rates "
        "measured by simulation: ≤ 5 % of discoveries false, ≤ 0.05 false alarms a part and year",
        forecasting.quality_signals,
        "`python -m benchmarks.forecasting.quality_signals`",
    ),
    Line(
        3,
        "edge-cases",
        "All-zero, one demand, no zeros, length 1, gaps, corrections, retired and new parts, a series of 10⁶: finite "
        "and sensible; a week moved between points leaves the region; doubling doubles; zeros before launch are none",
        forecasting.edge_cases,
        "`pytest tests/forecasting/test_edge_cases.py tests/forecasting/test_coherence.py "
        "tests/forecasting/test_gamma_poisson.py`",
    ),
    Line(
        4,
        "closed-forms",
        "At 10⁶ events each within the interval: M/G/∞ pipeline, its no-overtaking counterpart, newsvendor, "
        "single-site base stock, (s, S) textbook costs, two echelons against the exact convolution",
        referee.closed_forms,
        "`pytest tests/simulation/referee/test_closed_forms.py` does the same with fewer copies",
    ),
    Line(
        4,
        "conservation",
        "Every unit is conserved at every event: received = used + on hand + moving + scrapped; same seed, same answer "
        "on one or two cores",
        referee.conservation,
        "`pytest tests/simulation/referee/test_engine.py`; NUMBA_NUM_THREADS=1 and 2 `zapas simulate DIR --plan OUT "
        "--json`, `diff` the answers",
    ),
    Line(
        4,
        "simpy",
        "Against a plain SimPy model of the same network: same means within the interval, ≥ 100 × faster per event in "
        "one run",
        referee.plain_model,
        f"`pytest {referee.ORACLE}`; `python -m benchmarks.referee.speed`",
    ),
    Line(
        4,
        "wisetech-played",
        "wisetech × 52 weeks × 20 replications in ≤ 60 s and ≤ 3 GB on 2 cores",
        referee.wisetech_played,
        "`time zapas simulate DIR --plan OUT --replications 20 --weeks 52` on the planned wisetech demo",
    ),
    Line(
        4,
        "promise-kept",
        "Small demo, seeds 1–5, half-width ≤ 0.5 point per group, demand from the forecast: achieved within ± 1 point "
        "of promised in every group with ≥ 5,000 demands; at 20 replications ≥ 85 % of parts with ≥ 100 demands have "
        "their promise in their 95 % interval; on the hidden truth within ± 3 points",
        referee.promise_kept,
        "`zapas simulate DIR --plan OUT --replications 400 --half-width 0.005`, again with `--demand truth`",
    ),
    Line(
        4,
        "cost-predicted",
        "Predicted holding + shortage cost within 10 % of the referee's on the small demo",
        referee.cost_predicted,
        "OUT/plan.json, `cost`; `zapas simulate DIR --plan OUT --json`, `cost`",
    ),
    Line(
        4,
        "status-quo",
        "Small demo: the status quo shows a mean turnaround near three weeks and the plan ≤ 5 days, at a cost the "
        "report states",
        referee.status_quo,
        "`zapas simulate DIR --plan OUT --save`; OUT/report.html",
    ),
    Line(
        5,
        "metric-and-kettelle",
        "METRIC equals the published figures of the five bases with base repair to 1e-6; Kettelle's four parts: the "
        "optimal sequence by exact enumeration",
        targets.published,
        f"{REAL}`pytest tests/optimizer/targets/test_performance.py {targets.KETTELLE}`",
    ),
    Line(
        5,
        "exact-law",
        "Poisson demand, fixed lead times, 300 random systems against the exact law: Σ|ΔEBO| / ΣEBO ≤ 1 % (METRIC: "
        "about 5 %), nearer than METRIC wherever the two differ by > 0.1 %, fill error ≤ 0.5 point on average",
        targets.exact,
        "`python -m benchmarks.targets.judged`, first line",
    ),
    Line(
        5,
        "judged",
        "With batches, random lead times and Θ within 3 % of the referee's EBO beyond its interval",
        targets.played,
        "`python -m benchmarks.targets.judged`, second line",
    ),
    Line(
        5,
        "tiny-systems",
        "Tiny systems against enumeration: after the local search ≤ 1 % above the optimum of the same model on "
        "average, worst ≤ 8 %; the bound never above it",
        targets.tiny,
        "`--only tiny-systems`; `pytest tests/optimizer/targets/test_local_search.py tests/optimizer/targets/"
        "test_bound.py` does the same with fewer",
    ),
    Line(
        5,
        "stationary-kept",
        "The referee, started at base stock with supply unlimited, achieves the stationary fill rate within ± 1 point "
        "per group",
        targets.kept,
        "`--only stationary-kept`; scenarios.stationary on the small demos 1 to 3",
    ),
    Line(
        5,
        "targets-speed",
        "20,000 parts × 83 sites with bisection on 20 groups ≤ 10 s on 2 cores",
        targets.fast,
        "`python -m benchmarks.targets.scale`",
    ),
    Line(
        5,
        "alliance-memory",
        "Targets of 200,000 parts × 2–5 depots × 1,000 points in ≤ 8 GB",
        targets.memory,
        "`python -m benchmarks.targets.alliance`",
    ),
    Line(
        5,
        "targets-rules",
        "At the same price and disjoint groups: higher service never lowers a group's stock money, a longer lead time "
        "never lowers EBO, merging two identical points never costs more; zero demand gets zero stock; lead time zero "
        "works; integers always",
        targets.rules,
        "`pytest tests/optimizer/targets/test_rules.py` does the same with a twentieth of the systems",
    ),
    Line(
        6,
        "every-rule-networks",
        "500 random tiny networks with every rule on: average excess over the optimum ≤ 0.3 %, worst ≤ 3 %, the bound "
        "never above it; the independent checker finds no broken rule and recomputes the cost to 1e-6",
        optimality.every_rule_networks,
        "`--only every-rule-networks --networks 500`; one network: tests.every_rule.every_rule_network(SEED), "
        "tests.oracle",
    ),
    Line(
        6,
        "replenishment-wisetech",
        "`wisetech` with budget, capacities, storage, multiples, calendars, dangerous goods: gap ≤ 0.1 % and "
        "gap_controllable ≤ 1 % in ≤ 30 s; with all rules ≤ 0.5 % and ≤ 5 % in ≤ 120 s; ≤ 4 GB, 2 cores; the part of "
        "the gap owed to MOQ, consignments and splits reported apart (exact optima of single parts: exact-parts)",
        replenishment.wisetech,
        "`python -m benchmarks.replenishment.scale make FOLDER --like wisetech --parts 20000`, `python -m "
        "benchmarks.replenishment.wisetech FOLDER`",
    ),
    Line(
        6,
        "peer",
        "Quality and time against the same problem as a well-written MILP, decomposed where nothing couples, in HiGHS, "
        "SCIP and CP-SAT at 5 … 500 parts: one run, a table and a chart; no bound above a plan",
        replenishment.peer,
        "`python -m benchmarks.replenishment`; build/replenishment/peer.md",
    ),
    Line(
        6,
        "exact-parts",
        "The part of the gap owed to minimum orders and lines, checked against exact optima of 200 single parts",
        replenishment.exact_parts,
        "`python -m benchmarks.replenishment.exact_parts --seconds 5`",
    ),
    Line(
        6,
        "single-mode",
        "Against the better of single-mode air, rail and sea (s, Q) per depot, tuned by the referee to equal fill ± "
        "0.5 point per group, small demo seeds 1–5: logistics cost at least 22 % lower, the interval of the paired "
        "difference above 18 %; the car-parts network reported too",
        replenishment.single_mode,
        f"{REAL}`python -m benchmarks.replenishment.single_mode NETWORK PLAN …`",
    ),
    Line(
        6,
        "replenishment-scale",
        "Time of replenishment grows no faster than parts^1.1 from 1,000 to 100,000",
        replenishment.scaling,
        "`python -m benchmarks.replenishment.scale`",
    ),
    Line(
        6,
        "replenishment-alliance",
        "Replenishment of the alliance, 200,000 parts × 2–5 of 50 depots: gap ≤ 1 % in ≤ 20 min, ≤ 16 GB",
        replenishment.industrial,
        "`python -m benchmarks.replenishment.scale --alliance`",
    ),
    Line(
        6,
        "limits",
        "Budgets of zero, closed lanes, no departure, parts no lane carries: a plan with the shortage priced and an "
        "exception in words",
        replenishment.limits,
        "`pytest tests/optimizer/replenishment/test_exceptions.py tests/cli/test_exceptions.py`; budget_per_period = 0 "
        "in network.toml, `zapas plan DIR --out OUT`, sheet Exceptions of OUT/plan.xlsx",
    ),
    Line(
        6,
        "steady",
        "Planning again on the same data changes nothing; with one repair more it changes few orders (measured) and "
        "no frozen one; more capacity never raises the lower bound",
        replenishment.steady,
        "`zapas plan` twice into different folders, `diff -r`; add a row to repair_orders.csv and plan again with "
        "`--previous OUT`; `pytest tests/optimizer/replenishment/test_metamorphic.py`",
    ),
    Line(
        7,
        "scenarios",
        "Every scenario of the library runs on the small demo; 12 with simulation ≤ 90 s on 2 cores; the closed-lane "
        "cost never below the open-lane bound; a surge that is announced costs less than the same surge unannounced",
        what_if.scenarios,
        "`time zapas scenario run DIR NAME … --plan PLAN --out OUT` with twelve names of `zapas scenario list`",
    ),
    Line(
        7,
        "scenario-wisetech",
        "On `wisetech` one scenario costs ≤ 1.2 × one plan (warm start)",
        what_if.one_of_wisetech,
        "`zapas scenario run DIR rouble-20 --plan PLAN --out OUT`; seconds.total in plan.json of both",
    ),
    Line(
        7,
        "scenario-rules",
        "An empty scenario equals the base plan to the byte; two patches in either order give the same result or are "
        "refused",
        what_if.empty_and_order,
        "`scenarios: {nothing: []}` in a file, `zapas scenario run DIR FILE --plan PLAN --out OUT`, `diff -r`; `pytest "
        "tests/scenarios/what_if/test_patches.py`",
    ),
    Line(
        7,
        "scenario-set",
        "A killed set of 12 goes on with those not yet done; a broken scenario file names every problem with its line",
        what_if.killed_and_broken,
        "`zapas scenario run`, `kill -9`, the same command again; a misspelt key in a file",
    ),
    Line(
        7,
        "lost-depot",
        "A depot lost for four weeks: the recommended answer restores promised service within 48 hours of its decision "
        "for parts in stock elsewhere, shown by the referee",
        what_if.lost_depot,
        "`zapas depot-lost DIR --plan PLAN --depot ID`",
    ),
    Line(
        7,
        "siting",
        "Siting on tiny networks equals enumeration; on the demo its choice beats every single swap by full plans",
        what_if.candidates,
        "`pytest tests/optimizer/siting tests/scenarios/what_if/test_siting.py` for the tiny networks; `--only siting`",
    ),
)
