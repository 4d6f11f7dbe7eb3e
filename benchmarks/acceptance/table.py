"""The outcomes as docs/acceptance.md."""

from collections.abc import Mapping, Sequence

from .line import Outcome, one_line, verdict

INTRODUCTION = """# What was asked, and what was measured

Written by `make accept`, which runs every line below at full size; no figure is written by hand. ✗ marks a figure
outside its limit. Numbers in brackets are the limits.
"""


def table(
    outcomes: Sequence[Outcome], facts: Mapping[str, str], day: str, commit: str, left_out: Sequence[str] = ()
) -> str:
    """The page: machine, one row per line, how to repeat each; lines left out are named."""
    passed = sum(outcome.passed for outcome in outcomes)
    rows = [
        "| issue | line | asked | measured | verdict |",
        "|---|---|---|---|---|",
        *(_row(outcome) for outcome in outcomes),
    ]
    repeat = [f"- **{outcome.line.name}**: {outcome.line.repeat}" for outcome in outcomes]
    not_run = f"  \nNot run this time: {', '.join(left_out)}." if left_out else ""
    machine = ", ".join(f"{name} {value}" for name, value in facts.items())
    return "\n".join(
        [
            INTRODUCTION,
            f"{passed} of {len(outcomes)} lines passed on {day}, at {commit}.  \nMeasured on: {machine}.{not_run}",
            "",
            *rows,
            "",
            "## To repeat one line",
            "",
            "`.venv/bin/python -m benchmarks.acceptance --only LINE`, or by hand:",
            "",
            *repeat,
            "",
        ]
    )


def _row(outcome: Outcome) -> str:
    failed = [f"**{outcome.error}**"] if outcome.error else []
    measured = [*(str(figure) for figure in outcome.figures), *outcome.remarks, *failed]
    line = outcome.line
    cells = (str(line.issue), line.name, line.asked, "<br>".join(_cell(text) for text in measured), verdict(outcome))
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Text that does not end its cell."""
    return one_line(text, 600).replace("|", "\\|").replace("<", "&lt;")
