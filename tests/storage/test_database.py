"""The published plan in SQL: migrations, loading, transactions; on SQLite and on PostgreSQL."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, func, inspect, select, text

from domain.problems import ZapasError
from storage.database import tables
from storage.database.engine import open_engine, reading, writing
from storage.database.load import load
from storage.database.queries import page, published
from storage.database.schema import downgrade, is_current, revisions, upgrade
from storage.plan_folder import write_plan
from tests.plans import tiny_frames, tiny_network, tiny_plan


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny plan on disk."""
    out = tmp_path_factory.mktemp("tiny") / "plan"
    write_plan(out, tiny_plan(), tiny_frames(), {}, tiny_network())
    return out


def plan_with(out: Path, snapshot: str, **frames: pd.DataFrame) -> Path:
    """The tiny plan with another snapshot and other frames."""
    write_plan(out, {**tiny_plan(), "snapshot": snapshot}, {**tiny_frames(), **frames}, {}, tiny_network())
    return out


def counts(engine: Engine) -> dict[str, int]:
    with reading(engine) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        }


def test_a_loaded_plan_is_all_there(database_url: str, tiny: Path) -> None:
    """Every artefact and fact has its rows, with the depot, route and uncertainty the service needs."""
    assert load(tiny, database_url) == 1
    engine = open_engine(database_url)
    network, frames = tiny_network(), tiny_frames()
    expected = {
        "site": network.sites,
        "part": network.parts,
        "lane": network.lanes,
        "duty": network.duties,
        "substitute": network.substitutes,
        "stock": network.stock,
        "inbound": network.inbound,
        "repair_order": network.repair_orders,
        "target": frames["targets"],
        "shipment": frames["shipments"],
        "purchase_order": frames["purchase_orders"],
        "allocation": frames["allocations"],
        "plan_exception": frames["exceptions"],
    }
    assert counts(engine) == {name: len(frame) for name, frame in expected.items()} | {"plan_run": 1}
    with reading(engine) as connection:
        (shipment,) = page(connection, tables.shipment, {}, None, 9)
        assert (shipment["origin"], shipment["site"], shipment["sd_days"]) == ("HUB", "D1", 1.0)
        depots = dict(connection.execute(select(tables.site.c.site, tables.site.c.depot)).all())
        assert depots == {"HUB": "", "D1": "D1", "D2": "D2", "P11": "D1", "P12": "D1", "P21": "D2", "P22": "D2"}
        assert [row["part"] for row in page(connection, tables.part, {}, None, 9)] == ["0001", "0001-B", "22E1", "NA"]
        targets = page(connection, tables.target, {}, None, 9)
        assert [row["fill_rate"] for row in targets] == [None, 0.95, 0.9]
        run = published(connection)
        assert run is not None
        assert (run.snapshot, run.as_of, run.currency) == ("tiny", network.settings.as_of, "USD")
    engine.dispose()


def test_loading_again_replaces_the_published_plan(database_url: str, tiny: Path, tmp_path: Path) -> None:
    """The second load leaves only its own rows and becomes the plan run that answers."""
    load(tiny, database_url)
    assert load(plan_with(tmp_path / "next", "next", targets=tiny_frames()["targets"][:1]), database_url) == 2
    engine = open_engine(database_url)
    assert (counts(engine)["target"], counts(engine)["plan_run"]) == (1, 2)
    with reading(engine) as connection:
        run = published(connection)
        assert run is not None
        assert (run.id, run.snapshot) == (2, "next")
    engine.dispose()


def test_a_reader_sees_one_plan_from_begin_to_end(database_url: str, tiny: Path, tmp_path: Path) -> None:
    """A load that finishes in the middle of a reading transaction changes nothing in it."""
    load(tiny, database_url)
    engine = open_engine(database_url)
    with reading(engine) as connection:
        before = published(connection)
        load(plan_with(tmp_path / "next", "next", targets=tiny_frames()["targets"][:1]), database_url)
        assert len(page(connection, tables.target, {}, None, 9)) == 3
        assert published(connection) == before
    with reading(engine) as connection:
        assert len(page(connection, tables.target, {}, None, 9)) == 1
    engine.dispose()


def test_a_plan_the_database_refuses_leaves_the_old_one(database_url: str, tiny: Path, tmp_path: Path) -> None:
    """A load that fails half way is undone whole and explained in one sentence."""
    load(tiny, database_url)
    twice = tiny_frames()["targets"].assign(site="P11", part="0001")
    broken = plan_with(tmp_path / "broken", "broken", targets=twice)
    with pytest.raises(ZapasError, match=r"^The database did not take the plan: [^\n]*\.$"):
        load(broken, database_url)
    engine = open_engine(database_url)
    assert counts(engine)["target"] == 3
    with reading(engine) as connection:
        run = published(connection)
        assert run is not None
        assert run.snapshot == "tiny"
    engine.dispose()


def test_a_server_that_does_not_answer_is_one_sentence(tiny: Path, tmp_path: Path) -> None:
    """No server behind the address: said so, without a traceback or a password."""
    with pytest.raises(ZapasError, match=r"^The database did not take the plan: [^\n]*\.$") as failure:
        load(tiny, f"postgresql://someone:secret@/zapas?host={tmp_path}")
    assert "secret" not in str(failure.value)


def test_a_plan_of_another_network_is_refused(tmp_path: Path) -> None:
    """A part the network does not have is named before the database is touched."""
    strange = tiny_frames()["targets"].assign(part=["0001", "0001", "XX-9"])
    out = plan_with(tmp_path / "plan", "strange", targets=strange)
    with pytest.raises(ZapasError, match="target names the part “XX-9”, which the network lacks"):
        load(out, f"sqlite:///{tmp_path / 'zapas.db'}")
    assert not (tmp_path / "zapas.db").exists()


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    """A shipment without a cost is named instead of served as null."""
    out = plan_with(tmp_path / "plan", "strange", shipments=tiny_frames()["shipments"].assign(cost=float("nan")))
    with pytest.raises(ZapasError, match="shipment has a cost that is no number"):
        load(out, f"sqlite:///{tmp_path / 'zapas.db'}")


def test_a_damaged_folder_is_refused(tiny: Path, tmp_path: Path) -> None:
    """A missing table stops the load with its name."""
    shutil.copytree(tiny, tmp_path / "plan")
    (tmp_path / "plan" / "network" / "lanes.parquet").unlink()
    with pytest.raises(ZapasError, match=r"damaged, lanes\.parquet is missing"):
        load(tmp_path / "plan", f"sqlite:///{tmp_path / 'zapas.db'}")


def test_every_migration_goes_up_and_down_on_a_populated_database(database_url: str, tiny: Path) -> None:
    """Each revision can be undone and applied again with rows in the tables; at the end a plan loads as ever."""
    load(tiny, database_url)
    engine = open_engine(database_url)
    for revision in reversed(["base", *revisions()[:-1]]):
        downgrade(engine, revision)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    for revision in revisions():
        upgrade(engine, revision)
    assert load(tiny, database_url) == 1
    assert counts(engine)["stock"] == len(tiny_network().stock)
    engine.dispose()


def test_migrations_make_the_tables_the_code_expects(database_url: str) -> None:
    """The migrated schema and the declared tables differ in nothing, constraint names included."""
    engine = open_engine(database_url, create=True)
    with reading(engine) as connection:
        assert not is_current(connection)
    upgrade(engine)
    with reading(engine) as connection:
        assert is_current(connection)
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    inspector = inspect(engine)
    for table in tables.metadata.sorted_tables:
        assert inspector.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"
        assert all(str(key["name"]).startswith(f"fk_{table.name}_") for key in inspector.get_foreign_keys(table.name))
    engine.dispose()


def test_reading_cannot_write_on_postgresql(postgresql_url: str) -> None:
    """A reading transaction is read-only by the server's word."""
    engine = open_engine(postgresql_url)
    upgrade(engine)
    with pytest.raises(Exception, match="read-only transaction"), reading(engine) as connection:
        connection.execute(text("DELETE FROM part"))
    engine.dispose()


def test_sqlite_is_durable_and_keeps_its_references(tmp_path: Path, tiny: Path) -> None:
    """WAL, full synchronisation, foreign keys and a busy timeout hold on every connection."""
    url = f"sqlite:///{tmp_path / 'zapas.db'}"
    load(tiny, url)
    engine = open_engine(url)
    with reading(engine) as connection:
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
    assert pragmas == PRAGMAS
    with pytest.raises(Exception, match="FOREIGN KEY"), writing(engine) as connection:
        connection.execute(tables.part.delete())
    engine.dispose()


PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_a_second_writer_on_sqlite_waits_from_the_start(tmp_path: Path, tiny: Path) -> None:
    """BEGIN IMMEDIATE: the second writing transaction does not begin while the first is open."""
    url = f"sqlite:///{tmp_path / 'zapas.db'}"
    load(tiny, url)
    engine = open_engine(url)
    with writing(engine), engine.connect() as impatient:
        impatient.exec_driver_sql("PRAGMA busy_timeout = 0")
        impatient.rollback()
        with pytest.raises(Exception, match="locked"):
            impatient.execution_options(zapas_begin="BEGIN IMMEDIATE").begin()
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "must be sqlite:///FILE"),
        ("zapas.db", "must be sqlite:///FILE"),
        ("mysql://host/db", "must be sqlite:///FILE"),
        ("postgresql://host:port/db", "must be sqlite:///FILE"),
        ("sqlite://", "needs a file name"),
        ("sqlite:///missing/zapas.db", "there is no database; load a plan first"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url: str, says: str) -> None:
    """One sentence for each way to get the address wrong."""
    with pytest.raises(ZapasError, match=says):
        open_engine(url)
