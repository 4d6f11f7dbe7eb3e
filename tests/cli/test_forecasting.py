"""`zapas backtest`, `zapas forecast` and `--methods` from the console."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.console import Answer, contents, zapas
from tests.forecasting.panels import counts

MONTHS = pd.date_range("2021-01-01", periods=30, freq="MS")


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    """Thirty series of thirty months as CSV."""
    made = counts(series=30, periods=30)
    frame = pd.DataFrame(made.astype(int), columns=MONTHS).rename_axis("series").reset_index()
    frame.melt("series", var_name="period", value_name="quantity").to_csv(tmp_path / "panel.csv", index=False)
    return tmp_path / "panel.csv"


def test_backtest_scores_every_method(panel: Path, tmp_path: Path) -> None:
    """`zapas backtest` exits 0, says what it assumed, prints a row per method and origin and writes four files."""
    done = zapas("backtest", panel, "--horizon", 3, "--origins", 2, "--season", 12, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "30 series of 30 periods (every month), 12 of them in a year" in done.out
    for method in ("mix", "boosted", "gamma_poisson", "SBA", "Willemain"):
        assert done.out.count(method) >= 2
    assert set(contents(tmp_path / "out")) == {
        "quantiles.parquet", "scores.parquet", "evidence.parquet", "methods.json",
    }  # fmt: skip
    assert "Origin 2023-03-01: choosing the methods …" in done.err


def test_methods_of_a_backtest_are_planned_with(panel: Path, network: Path, tmp_path: Path) -> None:
    """methods.json of a backtest is taken by `zapas plan`, which keeps it to the byte."""
    zapas("backtest", panel, "--horizon", 3, "--out", tmp_path / "back")
    file = tmp_path / "back" / "methods.json"
    done = zapas("plan", network, "--out", tmp_path / "plan", "--methods", file)
    assert done.code == 0, done.err
    assert (tmp_path / "plan" / "methods.json").read_bytes() == file.read_bytes()


def test_methods_chosen_once_need_not_be_chosen_again(planning: tuple[Path, Answer], network: Path) -> None:
    """Forecasting with the methods a plan has chosen gives the plan's forecast to the byte."""
    out = network.with_name("again")
    done = zapas("forecast", network, "--out", out, "--methods", planning[0] / "methods.json")
    assert done.code == 0, done.err
    for name in ("forecast.parquet", "shares.parquet", "basis.parquet"):
        assert (out / name).read_bytes() == (planning[0] / name).read_bytes()
    assert "Forecasting methods, judged at earlier origins" in done.out


def test_other_methods_give_another_forecast(planning: tuple[Path, Answer], network: Path) -> None:
    """--methods with twice the width widens the forecast and leaves the means."""
    content = json.loads((planning[0] / "methods.json").read_text(encoding="utf-8"))
    for mix in content["classes"].values():
        mix["width"] *= 2
    file = network.with_name("wide.json")
    file.write_text(json.dumps(content), encoding="utf-8")
    assert zapas("forecast", network, "--out", network.with_name("wide"), "--methods", file).code == 0
    before = pd.read_parquet(planning[0] / "forecast.parquet")
    after = pd.read_parquet(network.with_name("wide") / "forecast.parquet")
    pd.testing.assert_series_equal(after["mean"], before["mean"])
    assert (after["cumulative_variance"] > before["cumulative_variance"]).all()
    assert (after["q99"] >= before["q99"]).all()


WRONG: dict[str, tuple[int, list[object], str]] = {
    "too short": (
        1,
        ["backtest", "panel.csv", "--horizon", 30, "--out", "new"],
        "30 periods are too few for 1",
    ),
    "too many origins": (1, ["backtest", "panel.csv", "--horizon", 9, "--origins", 4, "--out", "new"], "for 4 origins"),
    "no panel": (2, ["backtest", "no.csv", "--horizon", 3, "--out", "new"], "there is no such file"),
    "no table": (2, ["backtest", "file.xlsx", "--horizon", 3, "--out", "new"], "it must end in .csv"),
    "bad quantity": (2, ["backtest", "bad.csv", "--horizon", 3, "--out", "new"], "many"),
    "out is a file": (1, ["backtest", "panel.csv", "--horizon", 3, "--out", "bad.csv"], "cannot be written"),
    "methods missing": (1, ["forecast", "network", "--out", "new", "--methods", "no.json"], "cannot be read"),
    "methods no JSON": (1, ["forecast", "network", "--out", "new", "--methods", "bad.csv"], "no list of methods"),
    "methods unknown": (1, ["plan", "network", "--out", "new", "--methods", "oracle.json"], "unknown methods: oracle"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_one_sentence(case: str, panel: Path, network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with a panel, a horizon or a list of methods is named in one sentence; nothing is written."""
    code, arguments, says = WRONG[case]
    (panel.parent / "bad.csv").write_text("series,period,quantity\nA,2020-01-01,many\n", encoding="utf-8")
    (panel.parent / "file.xlsx").write_text("mine", encoding="utf-8")
    oracle = {"lead": 3, "classes": {"": {"weights": {"oracle": 1.0}, "width": 1.0}}}
    (panel.parent / "oracle.json").write_text(json.dumps(oracle), encoding="utf-8")
    before = contents(panel.parent)
    monkeypatch.chdir(panel.parent)
    done = zapas(*arguments)
    assert (done.code, says in done.err, "Traceback" in done.err) == (code, True, False), done.err
    assert contents(panel.parent) == before
