"""The tables of the published plan: what was decided, and the facts of the network that promising reads.

`line` orders a table for paging; a load writes every table anew. Quantities are units, money is in the plan run's
currency, dates are plain dates at the site.
"""

from sqlalchemy import (
    JSON,
    TEXT,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = Text().with_variant(TEXT(collation="C"), "postgresql")
"""Ids are compared byte by byte, whatever the server's language."""


def _line() -> Column[int]:
    return Column("line", Integer, primary_key=True, autoincrement=False)


def _part(name: str = "part") -> Column[str]:
    return Column(name, ID, ForeignKey("part.part"), nullable=False, index=True)


def _site(name: str = "site", nullable: bool = False) -> Column[str]:
    return Column(name, ID, ForeignKey("site.site"), nullable=nullable, index=True)


def _text(name: str) -> Column[str]:
    return Column(name, ID, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _number(name: str, nullable: bool = False) -> Column[float]:
    return Column(name, Float, nullable=nullable)


plan_run = Table(
    "plan_run",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("snapshot"),
    Column("as_of", Date, nullable=False),
    _text("currency"),
    Column("plan", JSON, nullable=False),
    Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

site = Table(
    "site",
    metadata,
    Column("site", ID, primary_key=True),
    _text("name"),
    _text("kind"),
    _text("country"),
    _text("region"),
    _text("time_zone"),
    _text("depot"),
)

part = Table(
    "part",
    metadata,
    Column("part", ID, primary_key=True),
    _text("name"),
    _text("name_zh"),
    _text("name_ru"),
    _text("part_class"),
    _number("unit_cost"),
    _number("weight_kg"),
    _number("volume_l"),
    Column("dangerous_goods", Boolean, nullable=False),
    _text("hs_code"),
    _text("supplier"),
    _text("hub"),
)

lane = Table(
    "lane",
    metadata,
    Column("lane", ID, primary_key=True),
    _site("origin"),
    _site("destination"),
    _text("mode"),
    _number("lead_days"),
    _number("lead_days_sd"),
    _number("cost_per_kg"),
    _number("volumetric_kg_per_m3"),
    _number("minimum_charge"),
    _number("cost_per_consignment"),
    _number("consignment_kg", nullable=True),
    _number("insurance_rate"),
    _text("departures"),
    Column("dangerous_goods", Boolean, nullable=False),
)

duty = Table(
    "duty",
    metadata,
    _line(),
    _text("country"),
    _text("hs_prefix"),
    _text("origin_country"),
    _number("duty_rate"),
    _number("vat_rate"),
)

substitute = Table(
    "substitute",
    metadata,
    _line(),
    _part(),
    _part("substitute"),
    Column("two_way", Boolean, nullable=False),
    Column("since", Date),
)

stock = Table(
    "stock",
    metadata,
    _line(),
    _part(),
    _site(),
    _text("condition"),
    _text("owner"),
    Column("expires", Date),
    _count("on_hand"),
    Column("counted_on", Date),
)

inbound = Table(
    "inbound",
    metadata,
    _line(),
    _text("order"),
    _part(),
    _site(),
    _text("lane"),
    _count("quantity"),
    Column("expected", Date, nullable=False),
    _text("status"),
    _number("sd_days"),
)

repair_order = Table(
    "repair_order",
    metadata,
    _line(),
    _text("repair_order"),
    _part(),
    _site(),
    _count("quantity"),
    Column("due", Date, nullable=False),
    _count("priority"),
    _text("model"),
)

target = Table(
    "target",
    metadata,
    _line(),
    Column("part", ID, ForeignKey("part.part"), nullable=False),
    _site(),
    _text("group"),
    _count("base_stock"),
    _number("fill_rate", nullable=True),
    _number("promised", nullable=True),
    _number("expected_backorders", nullable=True),
    _number("mean_wait_days", nullable=True),
    _number("value_of_next_unit", nullable=True),
    UniqueConstraint("part", "site"),
)

shipment = Table(
    "shipment",
    metadata,
    _line(),
    _text("shipment"),
    _part(),
    _text("lane"),
    _text("origin"),
    _site(),
    Column("departs", Date, nullable=False),
    Column("arrives", Date, nullable=False),
    _count("quantity"),
    _number("cost"),
    _text("reason"),
    _number("sd_days"),
)

purchase_order = Table(
    "purchase_order",
    metadata,
    _line(),
    _text("order"),
    _text("supplier"),
    _part(),
    _site(nullable=True),
    _count("quantity"),
    Column("order_on", Date, nullable=False),
    Column("expected", Date, nullable=False),
    _number("value"),
    _text("reason"),
    _number("sd_days"),
)

allocation = Table(
    "allocation",
    metadata,
    _line(),
    _part(),
    _site("from_site"),
    _site("to_site"),
    _count("quantity"),
    _text("for_repair_order"),
    Column("ships_on", Date, nullable=False),
    Column("arrives_on", Date, nullable=False),
    _text("reason"),
)

plan_exception = Table(
    "plan_exception",
    metadata,
    _line(),
    _text("kind"),
    _text("part"),
    _text("site"),
    _number("money_at_risk"),
    _text("says"),
)
