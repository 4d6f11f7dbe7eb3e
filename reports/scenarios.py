"""Scenarios compared, for people: one sentence each, tables, a page. `found`: `scenarios.what_if.comparison`'s JSON."""

from datetime import date
from typing import Any

import pandas as pd

from reports import words
from reports.html import TEMPLATES, Figures
from reports.scenario_charts import KIND_WORDS, change_chart, kinds_chart, regret_chart
from reports.workbook import Column, Sheet, workbook

_SHORT = {
    "purchase": "purchases",
    "freight": "freight",
    "consignment": "consignment charges",
    "duty": "duty",
    "order_line": "handling",
    "holding": "holding stock",
    "shortage": "waiting",
    "courier": "couriers",
    "emergency": "emergency supply",
    "repair": "repairs of parts",
    "end": "stock used up",
}
_BASE = "base"
_JOINS = {"duty": "on", "shortage": "for"}
_AT_HUB = ("purchase", "end", "repair")
_WAITING = "shortage"
_SAME_SERVICE, _SAME_WAITING = 0.005, 0.01  # of units found on the shelf, of all money: what nobody notices
_MOST_OF_IT, _MUCH, _SHIFT = 0.5, 0.4, 0.05


def sentence(one: dict[str, Any], found: dict[str, Any]) -> str:
    """The answer to one scenario in one sentence with money in it."""
    same = _same_service(one)
    figure = one["spent"] if same else one["total"]
    lead = _lead(one["title"])
    subject = "the same service costs" if same else "parts and waiting cost"
    if not lead.startswith("If "):
        subject = subject[0].upper() + subject[1:]
    text = f"{lead}{subject} {_more(figure, found)}"
    told = [_chiefly(one, figure["difference"]["value"], found)] if figure["sure"] else []
    if figure["sure"]:
        told.append(_unproved(one, figure["difference"]["value"], found))
    if not same:
        told.append(_service(one))
    text = ", ".join([text, *filter(None, told)])
    actions = [*_shift(one), _reacting(one, found)]
    return "; ".join([text, *filter(None, actions)]) + "."


def scenario_lines(found: dict[str, Any]) -> list[str]:
    """The comparison for the console: a sentence each, a table, which plan to choose."""
    told = [sentence(one, found) for one in found["scenarios"]]
    return [*told, "", *_table(found), *([""] if found["regret"] else []), *choice(found)]


def choice(found: dict[str, Any]) -> list[str]:
    """Which plan is best in the worst case, and which on weighted average."""
    regret = found["regret"]
    if regret is None or len(regret["plans"]) < 2:
        return []
    currency = found["currency"]
    by_plan = dict(zip(regret["plans"], regret["regret"], strict=True))
    weights = regret["weight"]
    mean = {plan: sum(w * r for w, r in zip(weights, row, strict=True)) / sum(weights) for plan, row in by_plan.items()}
    worst, average = regret["worst"], regret["average"]
    told = (
        f"{_plan(worst, True)} does best in the worst case: at most {words.money(max(by_plan[worst]), currency)} dearer"
    )
    told += " than the best plan for what comes"
    if worst != _BASE:
        told += f" ({_plan(_BASE)} up to {words.money(max(by_plan[_BASE]), currency)})"
    small = (
        f"Differences below {words.money(regret['unproved'], currency)} are within what the base plan leaves unproved."
    )
    if average == worst:
        return [f"{told}; and on weighted average, {words.money(mean[average], currency)} dearer.", small]
    also = f"on weighted average {_plan(average)} does, {words.money(mean[average], currency)} dearer"
    return [f"{told}; {also} against {words.money(mean[worst], currency)}.", small]


def summary_table(found: dict[str, Any]) -> pd.DataFrame:
    """A row per scenario: scenario, service, service_change, wait, spent, spent_change, low, high, total_change,
    co2_change, stock_change, changed (lines), ignored (money the base plan loses there), reacting."""
    rows = [
        {
            "scenario": one["name"],
            "service": one["fill_rate"]["scenario"],
            "service_change": one["fill_rate"]["difference"]["value"],
            "wait": one["wait_days"]["scenario"],
            "spent": one["spent"]["scenario"],
            "spent_change": one["spent"]["difference"]["value"],
            "low": one["spent"]["difference"]["low"],
            "high": one["spent"]["difference"]["high"],
            "total_change": one["total"]["difference"]["value"],
            "co2_change": one["co2_kg"]["difference"]["value"],
            "stock_change": one["stock_value"][1] - one["stock_value"][0],
            "changed": sum(table["changed"] for table in one["lines"].values()),
            "ignored": one["ignored"]["value"],
            "reacting": one["reacting"]["value"],
        }
        for one in found["scenarios"]
    ]
    return pd.DataFrame(rows)


def kinds_table(found: dict[str, Any]) -> pd.DataFrame:
    """scenario, kind, base, here, difference, low, high: money of weeks 1..T as played, and what planners foresaw."""
    rows = []
    for one in found["scenarios"]:
        figures = one["money"] | {"spent": one["spent"], "total": one["total"]}
        for kind, figure in figures.items():
            planned = one["planned"].get(kind, (None, None))
            rows.append(
                {
                    "scenario": one["name"],
                    "kind": KIND_WORDS.get(kind, {"spent": "Spent", "total": "With waiting"}.get(kind, kind)),
                    "base": figure["base"],
                    "here": figure["scenario"],
                    **figure["difference"],
                    "planned_base": planned[0],
                    "planned_here": planned[1],
                }
            )
    return pd.DataFrame(rows).rename(columns={"value": "difference"})


def drivers_table(found: dict[str, Any], what: str) -> pd.DataFrame:
    """scenario, part (or site), name, money, kind, site (or part): `what` is parts or sites."""
    rows = [{"scenario": one["name"], **row} for one in found["scenarios"] for row in one[what]]
    frame = pd.DataFrame(rows)
    return frame.assign(kind=frame["kind"].map(KIND_WORDS)) if len(frame) else frame


def scenarios_html(found: dict[str, Any]) -> bytes:
    """The report, one file, UTF-8; same input, same bytes."""
    currency, figures = found["currency"], Figures("c")
    content = {
        "title": f"{words.count(len(found['scenarios']), 'scenario')} compared",
        "found": found,
        "said": [(one["name"], sentence(one, found)) for one in found["scenarios"]],
        "table": summary_table(found).to_dict("records"),
        "choice": choice(found),
        "change_chart": figures.svg(change_chart(found)),
        "kinds_chart": figures.svg(kinds_chart(found)),
        "regret_chart": figures.svg(regret_chart(found)) if found["regret"] else None,
        "cards": [_card(one, found) for one in found["scenarios"]],
        "money": lambda amount: words.money(amount, currency),
        "more": lambda amount: words.more_money(amount, currency),
        "percent": words.percent,
        "points": _points,
        "kind": lambda kind: KIND_WORDS.get(kind, kind),
        "signed": _signed,
    }
    return TEMPLATES.get_template("scenarios.html").render(content).encode()


def scenarios_xlsx(found: dict[str, Any], created: date) -> bytes:
    """Summary, money by kind, parts, sites and regret as a workbook."""
    currency = found["currency"]
    summary = summary_table(found).assign(answer=[sentence(one, found) for one in found["scenarios"]])
    parts, sites = drivers_table(found, "parts"), drivers_table(found, "sites")
    sheets = [
        Sheet("Scenarios", _summary_columns(currency), summary),
        Sheet("Money by kind", _kind_columns(currency), kinds_table(found)),
        Sheet("Parts", _driver_columns("part", "site", currency), parts),
        Sheet("Sites", _driver_columns("site", "part", currency), sites),
    ]
    if found["regret"]:
        regret = found["regret"]
        frame = pd.DataFrame(regret["regret"], columns=list(regret["worlds"])).assign(plan=list(regret["plans"]))
        money = tuple(Column(name, f"{name}, {currency}", "money") for name in regret["worlds"])
        sheets.append(Sheet("Regret", (Column("plan", "Plan made for", width=24), *money), frame))
    return workbook([sheet for sheet in sheets if len(sheet.frame)], created)


def _summary_columns(currency: str) -> tuple[Column, ...]:
    return (
        Column("scenario", "Scenario", width=22),
        Column("answer", "Answer", width=100),
        Column("service", "Found on the shelf", "share"),
        Column("service_change", "change", "share"),
        Column("wait", "Days waiting a repair", "number"),
        Column("spent", f"Spent, {currency}", "money"),
        Column("spent_change", f"more than base, {currency}", "money"),
        Column("low", "19 of 20 from", "money"),
        Column("high", "to", "money"),
        Column("total_change", f"more with waiting, {currency}", "money"),
        Column("co2_change", "CO₂ more, kg", "number"),
        Column("stock_change", f"Stock more, {currency}", "money"),
        Column("changed", "Lines changed", "count"),
        Column("ignored", f"Base plan loses there, {currency}", "money"),
        Column("reacting", f"Reacting saves, {currency}", "money"),
    )


def _kind_columns(currency: str) -> tuple[Column, ...]:
    return (
        Column("scenario", "Scenario", width=22),
        Column("kind", "Kind", width=32),
        Column("base", f"Base, {currency}", "money"),
        Column("here", f"Scenario, {currency}", "money"),
        Column("difference", "Difference", "money"),
        Column("low", "19 of 20 from", "money"),
        Column("high", "to", "money"),
        Column("planned_base", "Foreseen, base", "money"),
        Column("planned_here", "Foreseen, scenario", "money"),
    )


def _driver_columns(by: str, other: str, currency: str) -> tuple[Column, ...]:
    return (
        Column("scenario", "Scenario", width=22),
        Column(by, by.capitalize(), width=16),
        Column("name", "Name", width=32),
        Column("money", f"Difference, {currency}", "money"),
        Column("kind", "Mostly", width=30),
        Column(other, f"Mostly {other}", width=16),
    )


def _card(one: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    kinds = [row for row in kinds_table({**found, "scenarios": [one]}).to_dict("records") if row["base"] or row["here"]]
    unproved = words.money(one["unproved"], found["currency"])
    note = f"No plan can be cheaper than the dearer of the two by more than {unproved}."
    return {**one, "kinds": kinds, "note": note, "service": list(one["service"].items())}


def _lead(title: str) -> str:
    """`What if the rouble falls?` → `If the rouble falls, `; any other question stands before its answer."""
    question = title.rstrip("?").strip()
    if question.startswith("What if "):
        return f"If {question[8:]}, "
    return f"{title} " if title.endswith("?") else f"{title.rstrip('.')}: "


def _more(figure: dict[str, Any], found: dict[str, Any]) -> str:
    difference, currency = figure["difference"], found["currency"]
    value = difference["value"]
    if not figure["sure"]:
        low, high = (words.more_money(difference[end], currency) for end in ("low", "high"))
        return f"no more and no less than chance would have it over {found['weeks']} weeks ({low} to {high})"
    share = f" ({'+' if value > 0 else '−'}{words.percent(abs(value) / figure['base'])})" if figure["base"] > 0 else ""
    return f"{words.money(abs(value), currency)}{share} {'more' if value > 0 else 'less'} over {found['weeks']} weeks"


def _chiefly(one: dict[str, Any], value: float, found: dict[str, Any]) -> str:
    """`most of it duty on screens for Moscow`: the kind that makes half or more of it, the class and place that make
    much of that."""
    moved = {kind: figure["difference"]["value"] for kind, figure in one["money"].items()}
    chief = max(moved, key=lambda kind: (moved[kind] * (1 if value > 0 else -1), kind))
    if moved[chief] / value < _MOST_OF_IT:
        return ""
    text = f"most of it {_SHORT[chief]}"
    parts, site = one["chief_class"].get(chief), one["chief_site"].get(chief)
    if parts is not None and parts["share"] >= _MUCH:
        text += f" {_JOINS.get(chief, 'of')} {_plural(parts['name'])}"
    if site is not None and site["share"] >= _MUCH and chief not in _AT_HUB:
        text += f" {'in' if chief == _WAITING else 'for'} {site['name']}"
    return text


def _same_service(one: dict[str, Any]) -> bool:
    """Whether neither what is found on the shelf nor the price of waiting differs enough to be noticed."""
    found, waiting = one["fill_rate"], one["money"][_WAITING]["difference"]["value"]
    return bool(
        abs(found["difference"]["value"]) < _SAME_SERVICE and abs(waiting) < _SAME_WAITING * one["total"]["base"]
    )


def _service(one: dict[str, Any]) -> str:
    change, wait = one["fill_rate"]["difference"]["value"], one["wait_days"]["difference"]["value"]
    if abs(change) >= _SAME_SERVICE:
        fewer = "more" if change > 0 else "fewer"
        return f"and {abs(100 * change):.1f} points {fewer} repairs find their part on the shelf"
    return f"and a repair waits {abs(wait):.1f} days {'longer' if wait > 0 else 'less'}" if abs(wait) >= 0.05 else ""


def _plural(part_class: str) -> str:
    """`side_brush` → `side brushes`."""
    name = part_class.replace("_", " ")
    if name.endswith(("s", "sh", "ch", "x")):
        return name if name.endswith("s") else f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") and name[-2:-1] not in "aeiou" else f"{name}s"


def _shift(one: dict[str, Any]) -> list[str]:
    """`ship 14 % less by air`: the mode whose kilograms the plan changes most."""
    if not one["own_plan"]:
        return []
    lanes = pd.DataFrame(one["lanes"])
    by_mode = lanes.groupby("mode")[["base_kg", "scenario_kg"]].sum()
    change = (by_mode["scenario_kg"] - by_mode["base_kg"]).sort_values(key=abs, ascending=False, kind="stable")
    whole = by_mode["base_kg"].sum()
    if not len(change) or abs(change.iloc[0]) < _SHIFT * whole:
        return []
    mode = change.index[0]
    before = by_mode.loc[mode, "base_kg"]
    much = f"{words.percent(round(abs(change.iloc[0]) / before, 2))} " if before > 0 else ""
    return [f"ship {much}{'more' if change.iloc[0] > 0 else 'less'} by {mode}"]


def _reacting(one: dict[str, Any], found: dict[str, Any]) -> str:
    """What planning for it saves; a plan kept to another budget or service than before saves nothing and need not."""
    if not one["own_plan"] or one["reacting"]["low"] <= 0.0:
        return ""
    money = words.money(one["reacting"]["value"], found["currency"])
    return f"planning for it saves {money} against going on as planned"


def _unproved(one: dict[str, Any], value: float, found: dict[str, Any]) -> str:
    """Said of a difference that is less than the plans may be off the best."""
    if not one["own_plan"] or abs(value) >= one["unproved"]:
        return ""
    return f"less than the {words.money(one['unproved'], found['currency'])} by which plans are not proved the best"


def _table(found: dict[str, Any]) -> list[str]:
    currency = found["currency"]
    head = ["scenario", "on the shelf", "days waiting", "spent", "with waiting", "CO₂", "lines changed"]
    rows = [
        [
            row["scenario"],
            f"{words.percent(row['service'])} ({_points(row['service_change'])})",
            f"{row['wait']:.1f}",
            words.more_money(row["spent_change"], currency),
            words.more_money(row["total_change"], currency),
            f"{_signed(row['co2_change'])} kg",
            f"{row['changed']:,}",
        ]
        for row in summary_table(found).to_dict("records")
    ]
    width = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    return [
        "  ".join(
            text.ljust(size) if at == 0 else text.rjust(size)
            for at, (text, size) in enumerate(zip(row, width, strict=True))
        )
        for row in [head, *rows]
    ]


def _points(change: float) -> str:
    return f"{'+' if change > 0 else '−' if change < 0 else '±'}{abs(100 * change):.1f}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{words.number(abs(value))}"


def _plan(name: str, begins: bool = False) -> str:
    text = "the base plan" if name == _BASE else f"the plan for {name}"
    return text[:1].upper() + text[1:] if begins else text
