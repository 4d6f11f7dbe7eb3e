"""The tables of scores as a planner reads them in the console."""

import io

import pandas as pd
from rich.console import Console
from rich.table import Table

from forecasting.methods import SURVIVORS
from forecasting.selection import select
from reports.scores import evidence_table, scores_table

SCORE = {
    "series": 1200,
    "bias": 0.031,
    "pit_distance": 0.021,
    "covered_80": 0.81,
    "covered_95": 0.95,
    "covered_99": 1.0,
}


def told(table: Table, width: int = 140) -> list[str]:
    """The lines of the table on a console so wide."""
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue().splitlines()


def test_scores_are_sorted_by_loss_within_an_origin() -> None:
    """A row per origin and method, the best first; loss, bias, shares served and calibration in words and per cent."""
    days = [pd.Timestamp("2001-09-01"), pd.Timestamp("2001-03-01")]
    losses = {"SBA": 0.25, "mix": 0.21, "boosted": 0.22}
    rows = [
        {"origin": day, "method": name, "scaled_pinball_loss": loss, **SCORE}
        for day in days
        for name, loss in losses.items()
    ]
    lines = told(scores_table(pd.DataFrame(rows)))
    methods = [line.split()[1] for line in lines if line.strip().startswith("2001")]
    assert methods == ["mix", "boosted", "SBA"] * 2
    assert [line.split()[0] for line in lines if "mix" in line] == ["2001-03-01", "2001-09-01"]
    assert next(line.split()[2:] for line in lines if "mix" in line) == [
        "1,200", "0.2100", "+3%", "81.0%", "95.0%", "100.0%", "0.021",
    ]  # fmt: skip


def test_names_are_whole_on_a_narrow_console() -> None:
    """On 80 columns headings wrap; dates, names of methods and figures do not."""
    rows = [
        {"origin": pd.Timestamp("2001-03-01"), "method": name, "scaled_pinball_loss": 0.2, **SCORE}
        for name in (*SURVIVORS, "mix")
    ]
    lines = "\n".join(told(scores_table(pd.DataFrame(rows)), width=80))
    assert all(lines.count(word) == len(rows) for word in ("2001-03-01", "1,200", "0.2000", "100.0%", "0.021"))
    assert all(word in lines for name in SURVIVORS for word in name.split())
    row = {"part_class": "", "method": "gamma_poisson", "trials": 2500, "scaled_pinball_loss": 0.2, "bias": -0.02}
    told_of = told(evidence_table(pd.DataFrame([row | {"width": 1.25, "weight": 0.3}])), width=60)
    assert any(
        line.split() == ["all", "parts", "gamma_poisson", "2,500", "0.2000", "-2%", "30%"] for line in told_of
    ), told_of


def test_scores_that_say_nothing_are_printed() -> None:
    """An origin at which nothing could be judged has its row, with nan for figures."""
    row = {"origin": pd.Timestamp("2001-03-01"), "method": "mix", "scaled_pinball_loss": float("nan")}
    row |= dict.fromkeys(SCORE, float("nan")) | {"series": 0}
    assert any("nan" in line for line in told(scores_table(pd.DataFrame([row]))))


def test_evidence_names_classes_weights_and_spread() -> None:
    """All parts first, then each class; methods without weight are left out; the mix says by how much it is widened."""
    rows = [
        {"part_class": name, "method": method, "trials": 2500, "scaled_pinball_loss": 0.2, "bias": -0.02, "width": 1.25}
        | {"weight": weight}
        for name in ("", "screen")
        for method, weight in (("boosted", 0.7), ("gamma_poisson", 0.3), ("SBA", 0.0), ("mix", 1.0))
    ]
    lines = told(evidence_table(pd.DataFrame(rows)))
    assert not any("SBA" in line for line in lines)
    boosted = [line.split() for line in lines if "boosted" in line]
    assert boosted[0] == ["all", "parts", "boosted", "2,500", "0.2000", "-2%", "70%"]
    assert boosted[1][0] == "screen"
    assert sum("×\u00a01.25" in line for line in lines) == 2


def test_evidence_without_trials_is_a_table() -> None:
    """Where there was nothing to try, the first method has all the weight and no figures."""
    lines = told(evidence_table(select([], {}, 3).evidence))
    assert any("mix" in line and "nan" in line for line in lines)
