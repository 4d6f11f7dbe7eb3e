"""The commands that make and read plans. Each imports its room when it is called, so that `--help` answers at once."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.console import BAD_DATA, AsJson, Database, Directory, MethodsFile, Out, PlanOption, Strict, app, progress
from domain.problems import ZapasError


class Size(StrEnum):
    """Sizes of the demo network."""

    small = "small"
    wisetech = "wisetech"
    alliance = "alliance"


@app.command(epilog="Example:  zapas demo network --size small --seed 1")
def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write.")],
    size: Annotated[Size, typer.Option(help="small: 600 parts. wisetech: 20,000. alliance: 200,000.")] = Size.small,
    seed: Annotated[int, typer.Option(help="Same seed, same network.")] = 1,
) -> None:
    """Write a realistic synthetic network folder, and its hidden truth beside it (DIR.truth)."""
    from simulation.demo import generate
    from storage.network_writing import write_tables
    from storage.parquet_folder import write_frames

    with progress() as tell:
        tell(f"Inventing the {size} demo network")
        made = generate(size.value, seed)
        tell("Writing the network")
        write_tables(made.tables, made.settings, directory)
        write_frames(made.truth, directory.with_name(directory.name + ".truth"))
    rows = len(made.tables["usage"])
    print(
        f"{directory}: {len(made.tables['parts']):,} parts, {len(made.tables['sites']):,} sites, {rows:,} usage rows."
    )


@app.command(epilog="Example:  zapas template network.xlsx")
def template(path: Annotated[Path, typer.Argument(metavar="DIR|FILE.xlsx", help="What to write.")]) -> None:
    """Write empty tables with headers, units and examples."""
    from storage.network_template import template as write_template

    write_template(path)
    print(f"{path}: fill in the tables, then run  zapas check {path}")


@app.command(epilog="Example:  zapas check network --strict")
def check(directory: Directory, strict: Strict = False) -> None:
    """Report every problem of a network folder; rows that cannot be read go to set_aside.xlsx."""
    from storage.network_folder import check_network
    from storage.network_set_aside import write_set_aside

    with progress() as tell:
        tell("Reading the network")
        _, report = check_network(directory, strict=strict)
    print(report.text())
    if report.set_aside:
        place = directory / "set_aside.xlsx" if directory.is_dir() else directory.with_name("set_aside.xlsx")
        write_set_aside(report, place)
        print(f"Rows to mend: {place}")
    if not report.ok:
        raise typer.Exit(BAD_DATA)


@app.command(epilog="Example:  zapas plan network --out plan --only brand=Dreltodor")
def plan(
    directory: Directory,
    out: Out,
    previous: Annotated[Path | None, typer.Option(metavar="OUT", help="Plan to compare with (default: OUT).")] = None,
    forecast: Annotated[Path | None, typer.Option(metavar="FILE", help="Use this forecast.parquet instead.")] = None,
    methods: MethodsFile = None,
    only: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="brand=, part_class= or part=.")] = None,
    simulate: Annotated[int, typer.Option(metavar="N", help="Play the plan N times: does it keep its promise?")] = 0,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Plan a network: forecast, stock targets, orders and shipments, today's allocation, report."""
    from reports.documents import compared, written
    from reports.summary import Summary
    from reports.terminal import terminal
    from scenarios.run import run_plan
    from scenarios.simulate import lines

    if simulate < 0 or simulate == 1:
        raise ZapasError(f"--simulate {simulate}: play at least twice, or one cannot say how sure the answer is.")
    briefs: list[Summary] = []

    def documents(*made: Any) -> dict[str, bytes]:
        network, forecast_made, plan_made, before, simulated = made
        briefs.append(compared(network, forecast_made, plan_made, before))
        return written(briefs[-1], network, forecast_made, plan_made, simulated)

    with progress() as tell:
        run = run_plan(
            directory, out, documents=documents, previous=previous, forecast_file=forecast, methods_file=methods,
            only=_pairs(only or []), strict=strict, simulate=simulate, tell=tell,
        )  # fmt: skip
    if as_json:
        print(json.dumps(run.json, ensure_ascii=False, indent=1))
        return
    if run.report.problems:
        Console(stderr=True, soft_wrap=True).print(run.report.text(3), markup=False, highlight=False)
    Console().print(terminal(briefs[-1]))
    if "simulated" in run.json:
        print("\n".join(["", *lines(run.json["simulated"]), ""]))
    print(f"Report: {out / 'report.html'}   Excel: {out / 'plan.xlsx'}")


@app.command(epilog="Example:  zapas explain SCR00012A MOW1 --plan plan")
def explain(
    part: Annotated[str, typer.Argument(metavar="PART")],
    plan: PlanOption,
    site: Annotated[str | None, typer.Argument(metavar="[SITE]")] = None,
) -> None:
    """Say in words why a part is stocked, ordered and shipped as planned."""
    from reports.explain import explain as explained
    from reports.tables import EXPLAINED, stored_frames, stored_network
    from storage.plan_folder import read_plan

    folder = read_plan(plan)
    sentences = explained(stored_frames(folder, EXPLAINED), stored_network(folder), part, site)
    print("\n".join(sentences))


@app.command(epilog="Example:  zapas diff monday/plan tuesday/plan")
def diff(
    before: Annotated[Path, typer.Argument(metavar="OUT1", help="The earlier plan.")],
    after: Annotated[Path, typer.Argument(metavar="OUT2", help="The later plan.")],
) -> None:
    """Say what changed between two plans, with reasons and money."""
    from reports.changes import diff as changes_between
    from reports.changes import sentences
    from reports.tables import COMPARED, stored_frames, stored_network
    from storage.plan_folder import read_plan

    old, new = read_plan(before), read_plan(after)
    network = stored_network(new)
    changes = changes_between(network, stored_frames(old, COMPARED), stored_frames(new, COMPARED))
    lines = sentences(changes, network.settings.currency, network.settings.as_of)
    print("\n".join(lines) if lines else "Nothing changed.")


@app.command(epilog="Example:  zapas forecast network --out forecast")
def forecast(directory: Directory, out: Out, methods: MethodsFile = None, strict: Strict = False) -> None:
    """Forecast demand only: forecast.parquet and shares.parquet, and how: methods.json, basis.parquet."""
    from reports.scores import evidence_table
    from scenarios.run import run_forecast

    with progress() as tell:
        made = run_forecast(directory, out, methods_file=methods, strict=strict, tell=tell)
    Console().print(evidence_table(made.methods.evidence))
    by_time = int((made.basis["basis"] == "time").sum())
    if by_time:
        print(f"{by_time:,} of {len(made.basis):,} parts and regions have no known sales: they are forecast from time.")
    print(f"{out / 'forecast.parquet'}: {made.forecast.mean.size:,} rows.")


@app.command(epilog="Example:  zapas overrides network --plan last-month/plan")
def overrides(directory: Directory, plan: PlanOption, strict: Strict = False, as_json: AsJson = False) -> None:
    """Judge planners' overrides of an earlier plan by the demand that came: which figure was better, in money."""
    from reports.overrides import as_json as judged_json
    from reports.overrides import not_scored, scored, sentences
    from storage.network_folder import read_network
    from storage.plan_folder import read_plan

    folder = read_plan(plan)
    with progress() as tell:
        tell("Reading the network")
        network, _ = read_network(directory, strict=strict)
    scores = scored(network, folder)
    left = not_scored(folder, scores)
    if as_json:
        print(json.dumps(judged_json(scores, network.settings.currency, left), ensure_ascii=False, indent=1))
    else:
        print("\n".join(sentences(scores, network, left)))


@app.command(epilog="Example:  zapas backtest demand.csv --horizon 6 --out backtest")
def backtest(
    panel: Annotated[Path, typer.Argument(metavar="PANEL", help=".csv, .csv.gz or .parquet: series,period,quantity.")],
    horizon: Annotated[int, typer.Option(min=1, help="Periods ahead whose total demand is forecast.")],
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Folder to write.")],
    season: Annotated[int | None, typer.Option(min=1, help="Periods in a year (default: from the dates).")] = None,
    origins: Annotated[int, typer.Option(min=1, help="Origins, each a horizon before the next.")] = 1,
) -> None:
    """Score every forecasting method on past demand: quantiles.parquet, scores.parquet, methods.json."""
    from reports.scores import scores_table
    from scenarios.backtest import run_backtest

    with progress() as tell:
        run = run_backtest(panel, out, horizon, season, origins, tell)
    print("\n".join(run.says))
    Console().print(scores_table(run.scores))


@app.command(epilog="Example:  zapas load plan --database sqlite:///zapas.db")
def load(out: Annotated[Path, typer.Argument(metavar="OUT", help="A plan folder.")], database: Database) -> None:
    """Publish a plan to the database that `zapas serve` answers from."""
    from storage.database.load import load as publish

    with progress() as tell:
        tell("Loading the plan")
        run = publish(out, database)
    print(f"Plan run {run} is published.")


@app.command(epilog="Example:  zapas serve --database sqlite:///zapas.db --port 8000")
def serve(
    database: Database = "sqlite:///zapas.db",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 picks a free one.")] = 8000,
) -> None:
    """Answer the repair network: availability, stock, allocations, orders."""
    from api.app import serve as serve_forever

    serve_forever(database, host, port)


def _pairs(only: list[str]) -> dict[str, str]:
    wrong = [text for text in only if "=" not in text]
    if wrong:
        raise ZapasError(f"--only {wrong[0]}: write it as key=value, for example --only brand=Dreltodor.")
    return dict(text.split("=", 1) for text in only)
