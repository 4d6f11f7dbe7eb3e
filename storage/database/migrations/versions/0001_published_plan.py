"""The published plan and the facts of its network."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
TABLES = (
    "site",
    "part",
    "lane",
    "duty",
    "substitute",
    "stock",
    "inbound",
    "repair_order",
    "plan_run",
    "target",
    "shipment",
    "purchase_order",
    "allocation",
    "plan_exception",
)


def upgrade() -> None:
    """Apply."""
    _network()
    _state()
    _plan()
    _plan_today()


def downgrade() -> None:
    """Undo."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _network() -> None:
    """What changes seldom."""
    op.create_table(
        "site",
        sa.Column("site", ID, nullable=False),
        sa.Column("name", ID, nullable=False),
        sa.Column("kind", ID, nullable=False),
        sa.Column("country", ID, nullable=False),
        sa.Column("region", ID, nullable=False),
        sa.Column("time_zone", ID, nullable=False),
        sa.Column("depot", ID, nullable=False),
        sa.PrimaryKeyConstraint("site", name="pk_site"),
    )
    op.create_table(
        "part",
        sa.Column("part", ID, nullable=False),
        sa.Column("name", ID, nullable=False),
        sa.Column("name_zh", ID, nullable=False),
        sa.Column("name_ru", ID, nullable=False),
        sa.Column("part_class", ID, nullable=False),
        sa.Column("unit_cost", sa.Float(), nullable=False),
        sa.Column("weight_kg", sa.Float(), nullable=False),
        sa.Column("volume_l", sa.Float(), nullable=False),
        sa.Column("dangerous_goods", sa.Boolean(), nullable=False),
        sa.Column("hs_code", ID, nullable=False),
        sa.Column("supplier", ID, nullable=False),
        sa.Column("hub", ID, nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_part"),
    )
    op.create_table(
        "lane",
        sa.Column("lane", ID, nullable=False),
        sa.Column("origin", ID, nullable=False),
        sa.Column("destination", ID, nullable=False),
        sa.Column("mode", ID, nullable=False),
        sa.Column("lead_days", sa.Float(), nullable=False),
        sa.Column("lead_days_sd", sa.Float(), nullable=False),
        sa.Column("cost_per_kg", sa.Float(), nullable=False),
        sa.Column("volumetric_kg_per_m3", sa.Float(), nullable=False),
        sa.Column("minimum_charge", sa.Float(), nullable=False),
        sa.Column("cost_per_consignment", sa.Float(), nullable=False),
        sa.Column("consignment_kg", sa.Float(), nullable=True),
        sa.Column("insurance_rate", sa.Float(), nullable=False),
        sa.Column("departures", ID, nullable=False),
        sa.Column("dangerous_goods", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["destination"], ["site.site"], name="fk_lane_destination_site"),
        sa.ForeignKeyConstraint(["origin"], ["site.site"], name="fk_lane_origin_site"),
        sa.PrimaryKeyConstraint("lane", name="pk_lane"),
    )
    op.create_index("ix_lane_destination", "lane", ["destination"])
    op.create_index("ix_lane_origin", "lane", ["origin"])
    op.create_table(
        "duty",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("country", ID, nullable=False),
        sa.Column("hs_prefix", ID, nullable=False),
        sa.Column("origin_country", ID, nullable=False),
        sa.Column("duty_rate", sa.Float(), nullable=False),
        sa.Column("vat_rate", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_duty"),
    )
    op.create_table(
        "substitute",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("substitute", ID, nullable=False),
        sa.Column("two_way", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["part"], ["part.part"], name="fk_substitute_part_part"),
        sa.ForeignKeyConstraint(["substitute"], ["part.part"], name="fk_substitute_substitute_part"),
        sa.PrimaryKeyConstraint("line", name="pk_substitute"),
    )
    op.create_index("ix_substitute_part", "substitute", ["part"])
    op.create_index("ix_substitute_substitute", "substitute", ["substitute"])


def _state() -> None:
    """What is there, under way and wanted."""
    op.create_table(
        "stock",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("site", ID, nullable=False),
        sa.Column("condition", ID, nullable=False),
        sa.Column("owner", ID, nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["part"], ["part.part"], name="fk_stock_part_part"),
        sa.ForeignKeyConstraint(["site"], ["site.site"], name="fk_stock_site_site"),
        sa.PrimaryKeyConstraint("line", name="pk_stock"),
    )
    op.create_index("ix_stock_part", "stock", ["part"])
    op.create_index("ix_stock_site", "stock", ["site"])
    op.create_table(
        "inbound",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order", ID, nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("site", ID, nullable=False),
        sa.Column("lane", ID, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.Date(), nullable=False),
        sa.Column("status", ID, nullable=False),
        sa.Column("sd_days", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["part"], ["part.part"], name="fk_inbound_part_part"),
        sa.ForeignKeyConstraint(["site"], ["site.site"], name="fk_inbound_site_site"),
        sa.PrimaryKeyConstraint("line", name="pk_inbound"),
    )
    op.create_index("ix_inbound_part", "inbound", ["part"])
    op.create_index("ix_inbound_site", "inbound", ["site"])
    op.create_table(
        "repair_order",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("repair_order", ID, nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("site", ID, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("model", ID, nullable=False),
        sa.ForeignKeyConstraint(["part"], ["part.part"], name="fk_repair_order_part_part"),
        sa.ForeignKeyConstraint(["site"], ["site.site"], name="fk_repair_order_site_site"),
        sa.PrimaryKeyConstraint("line", name="pk_repair_order"),
    )
    op.create_index("ix_repair_order_part", "repair_order", ["part"])
    op.create_index("ix_repair_order_site", "repair_order", ["site"])


def _plan() -> None:
    """The plan over its weeks."""
    op.create_table(
        "plan_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("snapshot", ID, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("currency", ID, nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plan_run"),
    )
    op.create_table(
        "target",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("site", ID, nullable=False),
        sa.Column("group", ID, nullable=False),
        sa.Column("base_stock", sa.BigInteger(), nullable=False),
        sa.Column("fill_rate", sa.Float(), nullable=True),
        sa.Column("promised", sa.Float(), nullable=True),
        sa.Column("expected_backorders", sa.Float(), nullable=True),
        sa.Column("mean_wait_days", sa.Float(), nullable=True),
        sa.Column("value_of_next_unit", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["part"], ["part.part"], name="fk_target_part_part"),
        sa.ForeignKeyConstraint(["site"], ["site.site"], name="fk_target_site_site"),
        sa.PrimaryKeyConstraint("line", name="pk_target"),
        sa.UniqueConstraint("part", "site", name="uq_target_part_site"),
    )
    op.create_index("ix_target_site", "target", ["site"])
    op.create_table(
        "shipment",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shipment", ID, nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("lane", ID, nullable=False),
        sa.Column("origin", ID, nullable=False),
        sa.Column("site", ID, nullable=False),
        sa.Column("departs", sa.Date(), nullable=False),
        sa.Column("arrives", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("reason", ID, nullable=False),
        sa.Column("sd_days", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["part"], ["part.part"], name="fk_shipment_part_part"),
        sa.ForeignKeyConstraint(["site"], ["site.site"], name="fk_shipment_site_site"),
        sa.PrimaryKeyConstraint("line", name="pk_shipment"),
    )
    op.create_index("ix_shipment_part", "shipment", ["part"])
    op.create_index("ix_shipment_site", "shipment", ["site"])
    op.create_table(
        "purchase_order",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order", ID, nullable=False),
        sa.Column("supplier", ID, nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("site", ID, nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("order_on", sa.Date(), nullable=False),
        sa.Column("expected", sa.Date(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("reason", ID, nullable=False),
        sa.Column("sd_days", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["part"], ["part.part"], name="fk_purchase_order_part_part"),
        sa.ForeignKeyConstraint(["site"], ["site.site"], name="fk_purchase_order_site_site"),
        sa.PrimaryKeyConstraint("line", name="pk_purchase_order"),
    )
    op.create_index("ix_purchase_order_part", "purchase_order", ["part"])
    op.create_index("ix_purchase_order_site", "purchase_order", ["site"])


def _plan_today() -> None:
    """The plan for today."""
    op.create_table(
        "allocation",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("from_site", ID, nullable=False),
        sa.Column("to_site", ID, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("for_repair_order", ID, nullable=False),
        sa.Column("ships_on", sa.Date(), nullable=False),
        sa.Column("arrives_on", sa.Date(), nullable=False),
        sa.Column("reason", ID, nullable=False),
        sa.ForeignKeyConstraint(["from_site"], ["site.site"], name="fk_allocation_from_site_site"),
        sa.ForeignKeyConstraint(["part"], ["part.part"], name="fk_allocation_part_part"),
        sa.ForeignKeyConstraint(["to_site"], ["site.site"], name="fk_allocation_to_site_site"),
        sa.PrimaryKeyConstraint("line", name="pk_allocation"),
    )
    op.create_index("ix_allocation_from_site", "allocation", ["from_site"])
    op.create_index("ix_allocation_part", "allocation", ["part"])
    op.create_index("ix_allocation_to_site", "allocation", ["to_site"])
    op.create_table(
        "plan_exception",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", ID, nullable=False),
        sa.Column("part", ID, nullable=False),
        sa.Column("site", ID, nullable=False),
        sa.Column("money_at_risk", sa.Float(), nullable=False),
        sa.Column("says", ID, nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_plan_exception"),
    )
