"""`run_backtest`: panels of every kind in, whole and rising quantiles out, scored and reproducible."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.problems import BadData, ZapasError
from forecasting.methods import SURVIVORS
from forecasting.mix import methods_from_text
from forecasting.scores import LEVELS
from forecasting.series import Floats
from scenarios.backtest import run_backtest
from tests.forecasting.panels import counts

PERIODS = pd.date_range("2021-01-01", periods=36, freq="MS")


def write(file: Path, made: Floats, names: list[str] | None = None, rows: pd.DataFrame | None = None) -> Path:
    """A long panel of monthly counts, zeros written out, or the given rows."""
    names = names or [f"{i:04d}" for i in range(len(made))]
    frame = pd.DataFrame(
        {
            "series": np.repeat(names, made.shape[1]),
            "period": np.tile(PERIODS[: made.shape[1]], len(made)),
            "quantity": made.ravel().astype(int),
        }
    )
    frame = rows if rows is not None else frame
    if file.suffix == ".parquet":
        frame.to_parquet(file)
    else:
        frame.to_csv(file, index=False)
    return file


def quantiles(out: Path) -> pd.DataFrame:
    """A row per series and origin, a column per level; checked to be whole, at least 0, never falling and complete."""
    table = pd.read_parquet(out / "quantiles.parquet")
    assert table.columns.tolist() == ["series", "origin", "quantile", "value"]
    assert table["value"].to_numpy().dtype == np.int64
    wide = table.pivot(index=["series", "origin"], columns="quantile", values="value")
    assert wide.columns.tolist() == LEVELS.tolist()
    assert (wide.to_numpy() >= 0).all()
    assert (np.diff(wide.to_numpy(), axis=1) >= 0).all()
    return wide


@pytest.fixture(scope="module")
def made() -> Floats:
    """120 series of 36 months."""
    return counts(series=120, periods=36)


def test_what_a_backtest_writes(made: Floats, tmp_path: Path) -> None:
    """Quantiles of every series at both origins, scores of every method, evidence, and methods that read back."""
    run = run_backtest(write(tmp_path / "panel.csv", made), tmp_path / "out", 4, origins=2)
    found = quantiles(tmp_path / "out")
    days = [PERIODS[27].date(), PERIODS[31].date()]
    assert found.index.get_level_values("origin").unique().tolist() == days
    assert len(found) == 2 * 120
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    np.testing.assert_allclose(scores["scaled_pinball_loss"], run.scores["scaled_pinball_loss"])
    assert sorted(scores["origin"].unique()) == days
    assert {*SURVIVORS, "mix", "SBA", "TSB", "ADIDA", "IMAPA", "SES", "AutoETS", "Willemain"} == set(scores["method"])
    assert set(pd.read_parquet(tmp_path / "out" / "evidence.parquet")["origin"]) == set(days)
    methods = methods_from_text((tmp_path / "out" / "methods.json").read_text(encoding="utf-8"), SURVIVORS)
    assert methods.lead == 4
    assert "120 series of 36 periods (every month)" in run.says[0]


def test_every_kind_of_file_gives_the_same_bytes(made: Floats, tmp_path: Path) -> None:
    """CSV, gzipped CSV and Parquet, rows in any order: the same bytes; an overwritten horizon changes scores alone."""
    blank = made.copy()
    blank[:, -4:] = 0
    made_of = {
        "panel.csv": made[:40],
        "panel.csv.gz": made[:40],
        "panel.parquet": made[:40],
        "blank.csv": blank[:40],
    }
    bytes_of = {}
    for name, some in made_of.items():
        file = write(tmp_path / name, some)
        if name == "panel.csv":
            frame = pd.read_csv(file, dtype=str)
            frame.sample(frac=1.0, random_state=3)[["quantity", "series", "period"]].to_csv(file, index=False)
        run_backtest(file, tmp_path / f"{name}.out", 4)
        bytes_of[name] = [
            (tmp_path / f"{name}.out" / part).read_bytes()
            for part in ("quantiles.parquet", "methods.json", "scores.parquet")
        ]
    assert bytes_of["panel.csv"] == bytes_of["panel.csv.gz"] == bytes_of["panel.parquet"]
    assert bytes_of["blank.csv"][:2] == bytes_of["panel.csv"][:2]
    assert bytes_of["blank.csv"][2] != bytes_of["panel.csv"][2]


def test_a_renamed_panel_has_the_same_quantiles(made: Floats, tmp_path: Path) -> None:
    """Names, which sort the series differently, change no quantile."""
    names = [f"S{(7 * i) % 40:03d}" for i in range(40)]
    run_backtest(write(tmp_path / "a.csv", made[:40]), tmp_path / "a", 4)
    run_backtest(write(tmp_path / "b.csv", made[:40], names), tmp_path / "b", 4)
    one, other = quantiles(tmp_path / "a").droplevel("origin"), quantiles(tmp_path / "b").droplevel("origin")
    np.testing.assert_array_equal(other.loc[names].to_numpy(), one.to_numpy())


ODD: dict[str, Floats] = {
    "all zero": np.zeros((20, 24)),
    "one series, all zero": np.zeros((1, 24)),
    "one demand": np.eye(1, 24, 10) * 3,
    "no zeros": np.full((6, 24), 5.0),
    "a million": np.vstack([np.full((1, 24), 1e6), np.eye(12, 24)]),
    "a million once": np.vstack([1e6 * np.eye(1, 24, 15), np.eye(12, 24)]),
    "length 2 of 24": np.column_stack([np.zeros((5, 18)), np.full((5, 6), 2.0)]),
    "corrections": np.where(np.arange(24) % 5 == 4, -7.0, 2.0) * np.ones((5, 1)),
    "only corrections": np.full((3, 24), -1.0),
    "five periods": counts(series=20, periods=5),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_panels(name: str, tmp_path: Path) -> None:
    """Whatever the panel, quantiles are whole, rising and within what could be; nothing wanted is not expected soon."""
    made = ODD[name]
    horizon = min(6, made.shape[1] - 1)
    run_backtest(write(tmp_path / "panel.csv", made), tmp_path / "out", horizon)
    found = quantiles(tmp_path / "out")
    assert len(found) == len(made)
    most = horizon * max(float(made[:, :-horizon].max()), 1.0)
    assert found.to_numpy().max() <= 3 * most + 10
    if made.max() <= 0:
        assert (found[0.5] == 0).all()
    if name == "a million":
        assert found.iloc[0][0.5] == pytest.approx(6e6, rel=0.05)
    if name == "no zeros":
        assert found[0.5].between(27, 33).all()


def test_gaps_are_no_demand_unknown(tmp_path: Path) -> None:
    """A series with half its rows missing is forecast at its rate, not at half of it, and is not judged after a gap."""
    rows = [
        {"series": name, "period": day, "quantity": quantity}
        for name, every in (("gappy", 2), ("whole", 1))
        for day, quantity in zip(PERIODS[::every], [4, 4, 0, 4] * 9, strict=False)
    ]
    run = run_backtest(write(tmp_path / "p.csv", np.zeros((0, 1)), rows=pd.DataFrame(rows)), tmp_path / "out", 6)
    found = quantiles(tmp_path / "out").droplevel("origin")
    assert found[0.5]["gappy"] == pytest.approx(found[0.5]["whole"], abs=3)
    assert (run.scores["series"] == 1).all()
    assert "unknown, not as no demand" in run.says[1]


def test_a_season_can_be_named(made: Floats, tmp_path: Path) -> None:
    """--season overrides what the dates say, and a horizon as long as it allows is forecast."""
    run = run_backtest(write(tmp_path / "p.csv", made[:10]), tmp_path / "out", 35, season=7)
    assert len(quantiles(tmp_path / "out")) == 10
    assert (run.scores["series"] == 0).all()  # one known period has no change to be scaled by


@pytest.mark.parametrize(("horizon", "origins"), [(36, 1), (12, 3), (0, 1), (4, 0), (100, 1)])
def test_too_short_a_panel_is_one_sentence(made: Floats, tmp_path: Path, horizon: int, origins: int) -> None:
    """Where an origin would have no history, or a number makes no sense, nothing is written."""
    file = write(tmp_path / "p.csv", made[:5])
    with pytest.raises(ZapasError, match="36 periods are too few") as error:
        run_backtest(file, tmp_path / "out", horizon, origins=origins)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "series,period,quantity\n", "series,period\nA,2020-01-01\n", "\x00\x01"])
def test_a_panel_that_cannot_be_read_is_bad_data(text: str, tmp_path: Path) -> None:
    """An empty file, no rows, a missing column, no text: bad data, and nothing is written."""
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadData):
        run_backtest(tmp_path / "p.csv", tmp_path / "out", 3)
    assert not (tmp_path / "out").exists()
