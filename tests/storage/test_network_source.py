"""No file makes the reader fail: whatever stands in it, the answer is a network or a report."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.network import Network
from domain.problems import BadData
from storage.network_folder import check_network, network_from_tables
from storage.network_source import misspelt
from storage.network_writing import write_tables
from tests.networks import tiny_tables

EDITS = st.binary(max_size=4) | st.sampled_from(
    [
        b'"',
        b",",
        b"\n",
        b"\r",
        b";",
        b"\x00",
        b"\xff",
        b"NaN",
        b"-1",
        b"1e999",
        b"=",
        b"\xef\xbb\xbf",
        b"9999-12-31",
        b"",
    ]
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny network on disk."""
    path = tmp_path_factory.mktemp("whole") / "network"
    write_tables(*tiny_tables(), path)
    return path


@given(
    file=st.sampled_from([*(f"{name}.csv" for name in tiny_tables()[0]), "network.toml"]),
    at=st.floats(0, 1),
    width=st.integers(0, 6),
    edit=EDITS,
    cut=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_reported_not_raised(
    whole: Path, tmp_path: Path, file: str, at: float, width: int, edit: bytes, cut: bool
) -> None:
    """Bytes changed or cut off anywhere in any file give a network or a report that is not ok, never a traceback."""
    folder = tmp_path / "network"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    data = (folder / file).read_bytes()
    start = int(at * len(data))
    (folder / file).write_bytes(data[:start] + edit + (b"" if cut else data[start + width :]))
    network, report = check_network(folder)
    assert report.ok is isinstance(network, Network)
    assert report.text()


@given(st.dictionaries(st.sampled_from(["sites", "lanes", "parts", "service", "duties", "fitment"]),
                       st.sampled_from(["empty", "gone", "column"])))  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_missing_pieces_are_reported_not_raised(damage: dict[str, str]) -> None:
    """Tables gone, without rows or without their first column are named; the rules about the others still run."""
    tables, given_settings = tiny_tables()
    for name, how in damage.items():
        if how == "gone":
            del tables[name]
        else:
            tables[name] = tables[name].iloc[:0] if how == "empty" else tables[name].iloc[:, 1:]
    try:
        _, report = network_from_tables(tables, given_settings)
    except BadData as bad:
        report = bad.report
        assert report.problems
    assert {name for name in damage if name in ("sites", "lanes", "parts")} <= {p.table for p in report.problems}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("wieght_kg", "weight_kg"),
        ("Part", "part"),
        ("unitcost", "unit_cost"),
        ("volume", "volume_l"),
        ("colour", ""),
        ("note", ""),
    ],
)
def test_what_looks_like_a_misspelling(name: str, meant: str) -> None:
    """A name close to a missing one, or its beginning, is taken for it; others are not."""
    assert misspelt(name, ["part", "unit_cost", "weight_kg", "volume_l", "dangerous_goods"]) == meant
