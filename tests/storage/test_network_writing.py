"""What is written reads back as the same network, and a folder is there whole or not at all."""

import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.problems import ZapasError
from domain.schemas import TABLES
from storage.network_folder import network_from_tables, read_network
from storage.network_writing import PARQUET_ROWS, toml, write_network, write_tables
from tests.networks import tiny_network, tiny_tables

IDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n",;#='), min_size=1).map(str.strip)
TEXTS = st.sampled_from(["", "=1+1", "'x", "NULL", "1.0", "true", "a\r\nb", 'say "hi", twice', "экран", "屏幕"])
MONEY = st.floats(0, 1e6, allow_subnormal=False)


@given(
    ids=st.lists(IDS.filter(bool), min_size=3, max_size=3, unique=True),
    name=TEXTS,
    cost=MONEY,
    weight=st.none() | st.floats(0.001, 100),
    per_base=st.floats(1e-3, 1e4),
    quantities=st.lists(st.integers(-5, 1000), min_size=1, max_size=5),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_network_reads_back_as_it_was_written(
    tmp_path: Path,
    ids: list[str],
    name: str,
    cost: float,
    weight: float | None,
    per_base: float,
    quantities: list[int],
) -> None:
    """read(write(network)) is the network to the last bit: hostile ids, foreign money, assumed weights and all."""
    tables, given_settings = tiny_tables()
    new_id = dict(zip(["0001", "22E1", "NA"], ids, strict=True))
    tables = {key: frame.replace({"part": new_id}) if "part" in frame else frame for key, frame in tables.items()}
    tables["parts"] = tables["parts"].assign(
        name=["a", name, "c"],
        unit_cost=[cost, 1, 2],
        weight_kg=np.array([weight, 1, None], dtype=float),
        currency=["CNY", "", "CNY"],
    )
    tables["rates"] = pd.DataFrame({"currency": ["CNY"], "per_base": [per_base]})
    tables["usage"] = tables["usage"].head(len(quantities)).assign(quantity=quantities)
    network, _ = network_from_tables(tables, given_settings)
    write_network(network, tmp_path / "network")
    again, report = read_network(tmp_path / "network")
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(again, table), getattr(network, table), check_exact=True, obj=table)
    assert again.snapshot == network.snapshot
    assert report.ok


def test_a_large_table_becomes_parquet(tmp_path: Path) -> None:
    """Above 100,000 rows a table is Parquet, else CSV; both read back."""
    tables, given_settings = tiny_tables()
    days = pd.date_range("2020-01-01", periods=1000)
    tables["usage"] = pd.DataFrame(
        {"date": np.repeat(days, 101), "site": "P11", "part": "0001", "ticket": [f"T{n % 101}" for n in range(101_000)],
         "quantity": 1}
    )  # fmt: skip
    network, _ = network_from_tables(tables, given_settings)
    assert len(network.usage) > PARQUET_ROWS
    write_network(network, tmp_path / "network")
    assert (tmp_path / "network" / "usage.parquet").is_file()
    assert (tmp_path / "network" / "stock.csv").is_file()
    assert read_network(tmp_path / "network")[0].snapshot == network.snapshot


def test_a_network_replaces_a_network_and_nothing_else(tmp_path: Path) -> None:
    """Writing over a network leaves only the new one; over anything else it is refused and that stays untouched."""
    path = tmp_path / "network"
    write_tables(*tiny_tables(), path)
    write_network(tiny_network(), path)
    write_tables({}, {"currency": "USD"}, path)
    assert sorted(file.name for file in path.iterdir()) == ["network.toml"]
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    for place in (tmp_path / "photos", tmp_path / "photos" / "cat.jpg"):
        with pytest.raises(ZapasError, match="no network folder"):
            write_tables({}, {}, place)
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"cat"


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    """If a table cannot be written, the old folder stands and nothing half-done lies beside it."""
    path = tmp_path / "network"
    write_tables(*tiny_tables(), path)
    unwritable = pd.DataFrame({"part": ["\ud800"]})
    with pytest.raises(UnicodeEncodeError):
        write_tables({"parts": unwritable}, {}, path)
    assert list(tmp_path.iterdir()) == [path]
    assert read_network(path)[0].snapshot == tiny_network().snapshot


@given(
    st.dictionaries(
        st.sampled_from(["as_of", "currency", "horizon_weeks", "churn_cost", "flag"]),
        st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.integers() | st.booleans() | st.dates()
        | st.floats(allow_nan=False, allow_infinity=False),
    )
)  # fmt: skip
def test_settings_read_back(values: dict[str, object]) -> None:
    """TOML written here means what was meant, sections included; whole floats become integers of equal value."""
    assert tomllib.loads(toml({**values, "service": {"fill_rate": 0.9}})) == {**values, "service": {"fill_rate": 0.9}}


def test_what_is_nothing_is_not_written() -> None:
    """None and NaN have no TOML; the line is left out."""
    assert tomllib.loads(toml({"a": None, "b": float("nan"), "c": date(2025, 6, 29)})) == {"c": date(2025, 6, 29)}
