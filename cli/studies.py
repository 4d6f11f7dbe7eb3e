"""The commands that look at a plan: play it, play the past again, what stock buys, what sharing saves."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.console import AsJson, Directory, PlanOption, app, progress, write_file
from domain.problems import ZapasError


@app.command(epilog="Example:  zapas simulate network --plan plan --replications 20 --yardstick")
def simulate(
    directory: Directory,
    plan: PlanOption,
    replications: Annotated[int, typer.Option(min=2, help="At most so many plays.")] = 20,
    demand: Annotated[str, typer.Option(help="forecast, history or truth (of a demo).")] = "forecast",
    weeks: Annotated[int | None, typer.Option(min=1, help="Weeks to play (default: the plan's).")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same plays.")] = 1,
    half_width: Annotated[
        float | None, typer.Option(help="Stop once fill rates are known so well, e.g. 0.005.")
    ] = None,
    patience: Annotated[
        float | None, typer.Option(min=0, metavar="DAYS", help="A case that has waited so long leaves.")
    ] = None,
    emergency: Annotated[
        bool, typer.Option("--emergency", help="Where a region has nothing, another point or express helps.")
    ] = False,
    yardstick: Annotated[
        bool, typer.Option("--yardstick", help="Beside it the best one-mode (s, Q) policies, which takes far longer.")
    ] = False,
    save: Annotated[bool, typer.Option("--save", help="Keep the answer in plan.json and report.html.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Play a plan event by event: what it promises and what it achieves."""
    from reports.html import with_simulated
    from scenarios.simulate import DemandSource, lines
    from scenarios.simulate import simulate as judged

    if demand not in list(DemandSource):
        raise ZapasError(f"--demand {demand}: choose {', '.join(DemandSource)}.")
    with progress() as tell:
        found = judged(
            directory, plan, replications, demand=DemandSource(demand), weeks=weeks, seed=seed,
            half_width=half_width, patience_days=patience, emergency=emergency, single_mode=yardstick,
            retold=with_simulated if save else None, tell=tell,
        )  # fmt: skip
    print(json.dumps(found, ensure_ascii=False, indent=1) if as_json else "\n".join(lines(found)))


@app.command(epilog="Example:  zapas targets network --plan plan --buy 20000 --out targets.xlsx")
def targets(
    directory: Directory,
    plan: PlanOption,
    budget: Annotated[float | None, typer.Option(metavar="MONEY", help="Best service for so much in stock.")] = None,
    buy: Annotated[float | None, typer.Option(metavar="MONEY", help="What to buy next for so much.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.xlsx", help="Write the tables here too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Money against service: what the plan's stock achieves, what more or less would do, what to buy next."""
    from reports.stock_study import lines, study_xlsx
    from scenarios.stock_study import stock_study

    if out is not None and out.suffix != ".xlsx":
        raise ZapasError(f"--out {out}: name a file that ends in .xlsx.")
    with progress() as tell:
        found = stock_study(directory, plan, budget=budget, buy=buy, tell=tell)
    if out is not None:
        write_file(out, study_xlsx(found))
    print(json.dumps(found.json(), ensure_ascii=False, indent=1) if as_json else "\n".join(lines(found)))


@app.command(epilog="Example:  zapas pooling network --plan plan")
def pooling(directory: Directory, plan: PlanOption, as_json: AsJson = False) -> None:
    """What repair points that help each other save, and whom: alone, inside each owner, all together."""
    from reports.pooling import lines
    from scenarios.pooling import pooling as shared

    with progress() as tell:
        found = shared(directory, plan, tell=tell)
    print(json.dumps(found.json(), ensure_ascii=False, indent=1) if as_json else "\n".join(lines(found)))


@app.command(epilog="Example:  zapas replay network --from 2025-06-29 --every 4")
def replay(
    directory: Directory,
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="The first Monday after it is the first week.")],
    every: Annotated[int, typer.Option(min=1, help="Weeks from one plan to the next.")] = 1,
    weeks: Annotated[int | None, typer.Option(min=1, help="Weeks to replay (default: all until today).")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same lead times where none are on record.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the JSON here too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Play your own past again: what the plan would have served and cost, week by week, beside what you did."""
    from scenarios.replay import replay as played_again
    from scenarios.replay_figures import lines

    try:
        day = date.fromisoformat(since)
    except ValueError as error:
        raise ZapasError(f"--from {since}: write the date as 2025-06-29.") from error
    with progress() as tell:
        found = played_again(directory, day, every=every, weeks=weeks, seed=seed, tell=tell)
    text = json.dumps(found, ensure_ascii=False, indent=1)
    if out is not None:
        write_file(out, f"{text}\n".encode())
    print(text if as_json else "\n".join(lines(found)))
