"""The commands that ask what if: scenarios beside the plan, what a plan risks, where depots stand, what lies ahead."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import INTERRUPTED, AsJson, Directory, PlanOption, app, progress, write_file
from domain.problems import ZapasError

scenario = typer.Typer(help="What if? Scenarios planned, played and compared with the plan.", no_args_is_help=True)
app.add_typer(scenario, name="scenario")
Set = Annotated[Path, typer.Argument(metavar="OUT", help="A folder written by zapas scenario run.")]


@scenario.command(epilog="Example:  zapas scenario run network rouble-20 air-closed mine.yaml --out what-if")
def run(
    directory: Directory,
    named: Annotated[list[str], typer.Argument(metavar="NAME|FILE.yaml…", help="From zapas scenario list, or files.")],
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Folder to write; what is done there is kept.")],
    replications: Annotated[int, typer.Option(min=2, metavar="N", help="Plays of each plan in its world.")] = 12,
    crossed: Annotated[int, typer.Option(min=0, metavar="N", help="Plays of each plan in the others; 0: none.")] = 4,
    plan: Annotated[Path | None, typer.Option("--plan", metavar="BASE", help="Compare with this plan.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at once.")] = 2,
    seed: Annotated[int, typer.Option(help="Same seed, same plays.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Plan and play scenarios against the plan of the network as it stands; run again to go on after Ctrl-C."""
    from reports.documents import documents
    from reports.scenarios import scenario_lines, scenarios_html
    from scenarios.what_if.comparison import compare
    from scenarios.what_if.study import Effort, run_set

    effort = Effort(replications, crossed, seed)
    said: list[str] = []
    with progress() as tell:

        def told(text: str) -> None:
            said.append(text)
            tell(text)

        try:
            run_set(directory, named, out, documents=documents, plan=plan, jobs=jobs, effort=effort, tell=told)
        except Exception:
            raise
        except BaseException:  # Ctrl-C, or the process was asked to end
            print(f"Interrupted ({said[-1]}); what is done is kept, run again to go on.", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        tell("Comparing")
        found = compare(out).json()
        write_file(out / "report.html", scenarios_html(found))
    print(json.dumps(found, ensure_ascii=False, indent=1) if as_json else "\n".join(scenario_lines(found)))
    if not as_json:
        print(f"Report: {out / 'report.html'}")


@scenario.command(name="compare", epilog="Example:  zapas scenario compare what-if --xlsx what-if.xlsx")
def compare_scenarios(
    out: Set,
    as_json: AsJson = False,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", metavar="FILE", help="Write the tables here too.")] = None,
) -> None:
    """Say what each scenario costs and how well it serves, in a sentence and a table; writes OUT/report.html."""
    from reports.scenarios import scenario_lines, scenarios_html, scenarios_xlsx
    from scenarios.what_if.comparison import compare
    from storage.plan_folder import read_plan

    if xlsx is not None and xlsx.suffix != ".xlsx":
        raise ZapasError(f"--xlsx {xlsx}: name a file that ends in .xlsx.")
    found = compare(out).json()
    write_file(out / "report.html", scenarios_html(found))
    if xlsx is not None:
        write_file(xlsx, scenarios_xlsx(found, read_plan(out / "base").as_of))
    print(json.dumps(found, ensure_ascii=False, indent=1) if as_json else "\n".join(scenario_lines(found)))


@scenario.command(name="list", epilog="Example:  zapas scenario list")
def list_scenarios(as_json: AsJson = False) -> None:
    """List the scenarios that come with Zapas and the question each answers; they work on any network."""
    from scenarios.what_if.reading import titles

    found = titles()
    width = max(map(len, found))
    lines = [f"{name:{width}}  {title}" for name, title in found.items()]
    print(json.dumps(found, ensure_ascii=False, indent=1) if as_json else "\n".join(lines))


@scenario.command(epilog="Example:  zapas scenario kinds")
def kinds(as_json: AsJson = False) -> None:
    """List what a patch of a scenario file may change, with the arguments of each kind and an example."""
    from scenarios.what_if.patches import KINDS

    told = {name: kind.help() for name, kind in KINDS.items()}
    lines = [line for kind in told.values() for line in [*kind, ""]]
    print(json.dumps(told, ensure_ascii=False, indent=1) if as_json else "\n".join(lines[:-1]))


@scenario.command(epilog="Example:  zapas scenario adopt what-if rouble-20 --as plan")
def adopt(
    out: Set,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A scenario of the folder.")],
    plan: Annotated[Path, typer.Option("--as", metavar="PLAN", help="Plan folder to write.")],
) -> None:
    """Make a scenario's plan the plan; its plan.json says which scenario, which patches, which data."""
    from reports.documents import documents
    from scenarios.what_if.study import adopt as made_the_plan

    with progress() as tell:
        made_the_plan(out, name, plan, documents=documents, tell=tell)
    print(f"{plan}: this is now the plan for {name}. Report: {plan / 'report.html'}")


@app.command(epilog="Example:  zapas risk network --plan plan")
def risk(
    directory: Directory,
    plan: PlanOption,
    plays: Annotated[int, typer.Option(min=2, help="Plays with everything drawn at random.")] = 50,
    weeks: Annotated[int | None, typer.Option(min=1, help="Weeks to play (default: the plan's).")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same plays.")] = 1,
    as_json: AsJson = False,
) -> None:
    """What a plan risks: disruptions at random, value at risk, what hurts most, what a remedy is worth."""
    from reports.risk import risk_lines
    from scenarios.what_if.risk import Effort, risk_of

    with progress() as tell:
        found = risk_of(directory, plan, effort=Effort(plays=plays), weeks=weeks, seed=seed, tell=tell).json()
    _say(found, risk_lines, as_json)


@app.command(name="depot-lost", epilog="Example:  zapas depot-lost network --plan plan --depot DMOW")
def depot_lost(
    directory: Directory,
    plan: PlanOption,
    depot: Annotated[str, typer.Option(help="A depot's id, or busiest.")] = "busiest",
    weeks: Annotated[int, typer.Option(min=1, help="How long it is out.")] = 4,
    charter_days: Annotated[
        float | None, typer.Option(min=0, metavar="DAYS", help="Others may send to its points in so many days.")
    ] = None,
    replications: Annotated[int, typer.Option(min=2, metavar="N", help="Plays.")] = 12,
    seed: Annotated[int, typer.Option(help="Same seed, same plays.")] = 1,
    as_json: AsJson = False,
) -> None:
    """What to do when a depot is lost tomorrow: what goes from where to which of its points, and what that restores."""
    from reports.lost_depot import lost_depot_lines
    from scenarios.what_if.lost_depot import answer_to_lost_depot

    with progress() as tell:
        found = answer_to_lost_depot(
            directory, plan, depot, weeks=weeks, charter_days=charter_days, replications=replications, seed=seed,
            tell=tell,
        ).json()  # fmt: skip
    _say(found, lost_depot_lines, as_json)


@app.command(epilog="Example:  zapas siting network --once DALA=40000")
def siting(
    directory: Directory,
    once: Annotated[
        list[str] | None, typer.Option(metavar="SITE=MONEY", help="Paid once for opening a candidate.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Which candidate depots to open, rent or share: those with an opening_cost_per_year in the table sites."""
    from reports.siting import siting_lines
    from scenarios.what_if.siting import siting as sited

    with progress() as tell:
        found = sited(directory, once=_amounts(once or []), tell=tell)
    print(json.dumps(found.json(), ensure_ascii=False, indent=1) if as_json else "\n".join(siting_lines(found)))


@app.command(name="calendar", epilog="Example:  zapas calendar network --plan plan")
def calendar_of(
    directory: Directory,
    plan: PlanOption,
    compare: Annotated[
        bool, typer.Option("--compare/--quick", help="Plan again without each, to say what it moves and costs.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """What the peaks and shutdowns ahead mean, and by when to order and ship for them."""
    from reports.calendar_ahead import calendar_lines
    from scenarios.what_if.calendar import calendar_ahead
    from storage.network_folder import read_network

    with progress() as tell:
        tell("Reading the network")
        found = calendar_ahead(read_network(directory)[0], plan, compare=compare, tell=tell)
    print(json.dumps(found.json(), ensure_ascii=False, indent=1) if as_json else "\n".join(calendar_lines(found)))


def _say(found: dict[str, Any], lines: Any, as_json: bool) -> None:
    print(json.dumps(found, ensure_ascii=False, indent=1) if as_json else "\n".join(lines(found)))


def _amounts(once: list[str]) -> dict[str, float]:
    try:
        return {site: float(money) for site, money in (text.split("=", 1) for text in once)}
    except ValueError as error:
        raise ZapasError(f"--once {' '.join(once)}: write it as SITE=MONEY, for example --once DALA=40000.") from error
