"""The summary on a terminal: readable at 100 columns and without colours."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports import words
from reports.summary import Summary, change_lines, cost_lines

_EXCEPTIONS = 5


def terminal(summary: Summary) -> RenderableType:
    """Rich tables of the summary; nothing in it is read as markup."""
    head = Text(f"Plan of {words.day(summary.as_of, summary.as_of)} {summary.as_of.year}", style="bold")
    head.append(f", {summary.horizon_weeks} weeks, money in {summary.currency}", style="not bold")
    parts: list[RenderableType] = [head, Text(), _numbered(summary.today), Text()]
    parts += [_service(summary), Text()] if summary.service else []
    parts += [_cost(summary), Text(), *map(Text, summary.certainty[:2])]
    if len(summary.exceptions):
        parts += [Text(), _exceptions(summary)]
    if summary.changes is not None:
        changed = change_lines(summary.changes, summary.currency) or ["nothing"]
        parts += [Text(), Text(f"Changed since the plan before: {'; '.join(changed)}.")]
    counted = ", ".join(f"{name} {figure:,}" for name, figure in summary.counts.items())
    return Group(*parts, Text(), Text(f"{counted[0].upper()}{counted[1:]}."))


def _numbered(lines: tuple[str, ...]) -> Table:
    table = Table.grid(padding=(0, 1))
    for number, line in enumerate(lines, start=1):
        table.add_row(Text(f"{number}."), Text(line))
    return table


def _table(title: str, *columns: tuple[str, bool]) -> Table:
    """A table of left-aligned (False) and right-aligned (True) columns."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, title_style="bold")
    for name, right in columns:
        table.add_column(Text(name), justify="right" if right else "left", overflow="fold")
    return table


def _service(summary: Summary) -> Table:
    table = _table(
        f"Repairs that find their part on the shelf, next {summary.horizon_weeks} weeks",
        ("group", False), ("pieces asked", True), ("promised", True), ("", False), ("target", False),
    )  # fmt: skip
    for group in summary.service:
        verdict = {None: "", True: "kept", False: "below"}[group.met]
        row = (group.group, words.number(group.asked), words.percent(group.promised), verdict, group.target)
        table.add_row(*map(Text, row))
    return table


def _cost(summary: Summary) -> Table:
    table = _table(f"Money, next {summary.horizon_weeks} weeks", ("kind", False), (summary.currency, True))
    for _, said, amount in cost_lines(summary.cost):
        table.add_row(Text(said), Text(words.money(amount, summary.currency)))
    table.add_section()
    table.add_row(Text("Total"), Text(words.money(summary.cost.total, summary.currency)))
    return table


def _exceptions(summary: Summary) -> Table:
    shown = summary.exceptions.head(_EXCEPTIONS)
    table = _table(
        f"Exceptions, the first {len(shown):,} of {summary.counts['exceptions']:,}",
        ("at risk", True), ("kind", False), ("part", False), ("site", False), ("what", False),
    )  # fmt: skip
    columns = ["money_at_risk", "kind", "part", "name", "site", "says"]
    for amount, kind, part, name, site, says in shown[columns].itertuples(index=False, name=None):
        row = (
            words.money(amount, summary.currency),
            words.kind(kind),
            f"{part} {words.shortened(name)}".strip(),
            site,
            says,
        )
        table.add_row(*map(Text, row))
    return table
