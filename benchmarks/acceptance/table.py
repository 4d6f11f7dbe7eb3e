"""The outcomes as docs/acceptance.md, where a line keeps its row until it is measured again."""

from collections.abc import Mapping, Sequence

from .line import Line, Outcome, one_line, verdict

INTRODUCTION = """# What was asked, and what was measured

Written by `make accept`, which runs every line below at full size; no figure is written by hand. A line run alone
(`--only`) renews its own row. ✗ marks a figure outside its limit. Numbers in brackets are the limits.
"""
HEAD = ["| issue | line | asked | measured | verdict | when, which commit |", "|---|---|---|---|---|---|"]
_NAME, _VERDICT = 2, -3  # cells of a row split at its bars


def table(
    lines: Sequence[Line], outcomes: Sequence[Outcome], facts: Mapping[str, str], when: str, earlier: Mapping[str, str]
) -> str:
    """The page: machine, one row per line of `lines` that was ever measured, how to repeat each; the others are named.

    when: day and commit of these outcomes. earlier: rows of an earlier page by name, kept where not measured now.
    """
    rows = dict(earlier) | {outcome.line.name: _row(outcome, when) for outcome in outcomes}
    there = [line for line in lines if line.name in rows]
    passed = sum(_cells(rows[line.name])[_VERDICT] == "passed" for line in there)
    never = [line.name for line in lines if line.name not in rows]
    machine = ", ".join(f"{name} {value}" for name, value in facts.items())
    return "\n".join(
        [
            INTRODUCTION,
            f"{passed} of {len(there)} lines passed.  \nMeasured last on: {machine}."
            + (f"  \nNot measured: {', '.join(never)}." if never else ""),
            "",
            *HEAD,
            *(rows[line.name] for line in there),
            "",
            "## To repeat one line",
            "",
            "`.venv/bin/python -m benchmarks.acceptance --only LINE`, or by hand:",
            "",
            *(f"- **{line.name}**: {line.repeat}" for line in there),
            "",
        ]
    )


def rows_of(page: str) -> dict[str, str]:
    """The rows of a page by the name of their line."""
    rows = [text for text in page.splitlines() if text.startswith("| ") and text not in HEAD]
    return {_cells(row)[_NAME]: row for row in rows}


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.replace("\\|", "&#124;").split("|")]


def _row(outcome: Outcome, when: str) -> str:
    failed = [f"**{outcome.error}**"] if outcome.error else []
    measured = [*(str(figure) for figure in outcome.figures), *outcome.remarks, *failed]
    line = outcome.line
    figures = "<br>".join(_cell(text) for text in measured)
    return f"| {' | '.join((str(line.issue), line.name, _cell(line.asked), figures, verdict(outcome), when))} |"


def _cell(text: str) -> str:
    """Text that does not end its cell."""
    return one_line(text, 600).replace("|", "\\|").replace("<", "&lt;")
