"""The declarations hold together: what they promise about themselves is true."""

import pandera.pandas as pa
import pytest

from domain.network import Network, Settings
from domain.schemas import ARTEFACTS, DTYPES, SETTINGS, TABLES, about, about_table, empty_frame
from storage.network_cells import parse_cells
from tests.networks import tiny_network

EVERY = [SETTINGS, *TABLES.values(), *ARTEFACTS.values()]
COLUMNS = [(schema.name, column) for schema in EVERY for column in schema.columns.values()]


def test_the_network_has_a_field_for_every_table() -> None:
    """A table of the folder is a field of Network, and a setting a field of Settings, each in declared order."""
    assert [name for name in Network.__dataclass_fields__ if name not in ("settings", "snapshot")] == list(TABLES)
    assert list(Settings.__dataclass_fields__) == list(SETTINGS.columns)


def test_an_empty_setting_means_the_dataclass_default() -> None:
    """What an empty setting stands for is declared in Settings too; the two agree."""
    for name, column in SETTINGS.columns.items():
        value = parse_cells(column, [""])[0][0]
        default = Settings.__dataclass_fields__[name].default
        if not about(column).starred:
            assert value == default or (default is None and value != value), name


@pytest.mark.parametrize("schema", EVERY, ids=lambda schema: schema.name)
def test_keys_are_columns_that_are_never_null(schema: pa.DataFrameSchema) -> None:
    """A key column is required or has a value for empty; only stock may be without the expiry date in its key."""
    for name in about_table(schema).key:
        column = schema.columns[name]
        assert not column.nullable or (schema.name, name) == ("stock", "expires")


@pytest.mark.parametrize("schema", EVERY, ids=lambda schema: schema.name)
def test_an_empty_frame_is_valid(schema: pa.DataFrameSchema) -> None:
    """The table without rows has every column and dtype of its schema."""
    frame = schema.validate(empty_frame(schema))
    assert {name: str(frame[name].dtype) for name in frame} == {
        name: DTYPES[about(column).kind] for name, column in schema.columns.items()
    }


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda item: item if isinstance(item, str) else item.name)
def test_examples_and_defaults_can_be_read(table: str, column: pa.Column) -> None:
    """The example and the default of a column pass the column's own reading and checks; every column is described."""
    note = about(column)
    assert column.description
    assert parse_cells(column, [text for text in (note.example, note.empty) if text])[1] == {}
    assert bool(parse_cells(column, [""])[1]) == (note.starred and not note.may_be_empty)


def test_references_name_declared_columns() -> None:
    """A column that refers to another table names a column that is there."""
    for _, column in COLUMNS:
        if about(column).refers:
            table, name = about(column).refers.split(".")
            assert name in TABLES[table].columns


def test_a_network_passes_its_schemas() -> None:
    """Every table of a network that was read validates against its declaration."""
    network = tiny_network()
    for name, schema in TABLES.items():
        schema.validate(getattr(network, name))


def test_a_schema_refuses_what_it_forbids() -> None:
    """The declaration is a live pandera schema: a negative stock or a foreign column does not pass."""
    stock = tiny_network().stock
    with pytest.raises(pa.errors.SchemaError, match="on_hand"):
        TABLES["stock"].validate(stock.assign(on_hand=-1))
    with pytest.raises(pa.errors.SchemaErrors, match="colour"):
        TABLES["stock"].validate(stock.assign(colour="red"))
