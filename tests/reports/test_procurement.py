"""What a buyer and a forwarder need: every figure is conserved from the plan's lines and from its cost."""

from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.logistics import supply_lanes
from domain.network import Network
from reports.procurement import PAID_FOR, consignment_lines, consignments, order_lines, payments, supplier_orders
from reports.tables import plan_frames, until_week
from tests.reports.workshop import empty_case, workshop

CASE = workshop()
NETWORK, COST = CASE.network, CASE.plan.replenishment.cost
FRAMES = plan_frames(CASE.plan)
BOUGHT = until_week(NETWORK, FRAMES["purchase_orders"], "order_on", 26)
SENT = until_week(NETWORK, FRAMES["shipments"], "departs", 26)
PARTS = NETWORK.parts.set_index("part")
MONDAY = pd.Timestamp("2025-06-30")


def abroad() -> Network:
    """The same network with batteries and rail paid in yuan, 7 to the dollar, and least orders of both suppliers."""
    yuan = NETWORK.parts["part_class"] == "battery"
    return replace(
        NETWORK,
        parts=NETWORK.parts.assign(currency=np.where(yuan, "CNY", "USD")),
        lanes=NETWORK.lanes.assign(currency=np.where(NETWORK.lanes["mode"] == "rail", "CNY", "USD")),
        suppliers=NETWORK.suppliers.assign(minimum_order_value=[1e6, 1.0]),
        rates=pd.DataFrame({"currency": ["CNY"], "per_base": [7.0]}),
    )


def laned(**columns: Any) -> Network:
    return replace(NETWORK, lanes=NETWORK.lanes.assign(**columns))


def test_the_tables_cost_what_the_plan_says() -> None:
    """Orders, freight, consignments and duty of weeks 1..T are the terms of the plan's cost (decision 0003)."""
    sent = consignments(NETWORK, SENT)
    assert supplier_orders(NETWORK, BOUGHT)["value"].sum() == pytest.approx(COST.purchase)
    assert sent["freight"].sum() == pytest.approx(COST.freight)
    assert sent["charges"].sum() == pytest.approx(COST.consignment)
    assert sent["duty"].sum() == pytest.approx(COST.duty)
    assert sent["cost"].sum() == pytest.approx(COST.freight + COST.consignment + COST.duty)
    assert min(COST.freight, COST.consignment, COST.duty) > 0


def test_every_payment_is_an_order_or_a_consignment() -> None:
    """Payments of all weeks are the plan's purchase, freight, consignment and duty, in whatever currency."""
    for network in (NETWORK, abroad()):
        due = payments(network, supplier_orders(network, BOUGHT), consignments(network, SENT))
        assert due["value"].sum() == pytest.approx(COST.purchase + COST.freight + COST.consignment + COST.duty)
        per_base = due["currency"].map({"USD": 1.0, "CNY": 7.0})
        for name in PAID_FOR:
            term = COST.purchase if name == "goods" else getattr(COST, name)
            assert (due[name] / per_base).sum() == pytest.approx(term), name
        assert (due["amount"] / per_base - due["value"]).abs().max() < 1e-6
        assert (due["week"].dt.weekday == 0).all()
        assert not due.duplicated(["week", "currency"]).any()


def test_orders_are_placed_by_supplier_and_day() -> None:
    """One row for each supplier, day and currency; lines, pieces and value are those of its lines."""
    orders = supplier_orders(NETWORK, BOUGHT)
    assert len(orders) == len(BOUGHT[["order_on", "supplier"]].drop_duplicates())
    for row in orders.to_dict("records"):
        mine = BOUGHT[(BOUGHT["order_on"] == row["order_on"]) & (BOUGHT["supplier"] == row["supplier"])]
        assert (row["lines"], row["units"]) == (len(mine), mine["quantity"].sum())
        assert row["value"] == pytest.approx(mine["value"].sum())
        assert (row["amount"], row["currency"]) == (row["value"], "USD")
        assert row["expected"] == mine["expected"].max()


def test_an_order_is_paid_in_the_currency_of_its_parts() -> None:
    """A battery costs seven times as many yuan as dollars; the others stay in dollars."""
    network = abroad()
    lines = order_lines(network, BOUGHT)
    yuan = lines["part"].map(PARTS["part_class"]) == "battery"
    assert yuan.any()
    assert (lines["currency"] == np.where(yuan, "CNY", "USD")).all()
    assert lines["amount"].to_numpy() == pytest.approx(lines["value"].to_numpy() * np.where(yuan, 7.0, 1.0))
    orders = supplier_orders(network, BOUGHT)
    assert set(orders["currency"]) == {"CNY", "USD"}
    assert orders["value"].sum() == pytest.approx(BOUGHT["value"].sum())


def test_what_is_missing_to_a_minimum_order_counts_every_currency() -> None:
    """S1 wants a million an order, S2 one dollar, the market nothing: only orders of S1 fall short, by the rest."""
    orders = supplier_orders(abroad(), BOUGHT)
    placed = BOUGHT.groupby(["order_on", "supplier"])["value"].sum()
    for row in orders.to_dict("records"):
        lack = 1e6 - placed[row["order_on"], row["supplier"]] if row["supplier"] == "S1" else 0.0
        assert row["missing"] == pytest.approx(lack)
    assert (orders["missing"] > 0).any()


def test_a_currency_without_rate_is_refused() -> None:
    """Money of a currency nobody gave a rate for is an error that names it."""
    with pytest.raises(ValueError, match="no rate for CNY"):
        supplier_orders(replace(abroad(), rates=NETWORK.rates), BOUGHT)


def test_consignments_hold_the_lines_of_their_lane_and_day() -> None:
    """Pieces, kg, litres and value are conserved, and dangerous goods are counted apart within them."""
    found = consignments(NETWORK, SENT)
    assert len(found) == len(SENT[["lane", "departs"]].drop_duplicates())
    assert found["lines"].sum() == len(SENT)
    assert found["pieces"].sum() == SENT["quantity"].sum()
    for column, unit in (("kg", "weight_kg"), ("value", "unit_cost")):
        assert found[column].sum() == pytest.approx((SENT["quantity"] * SENT["part"].map(PARTS[unit])).sum())
    assert found["m3"].sum() == pytest.approx((SENT["quantity"] * SENT["part"].map(PARTS["volume_l"])).sum() / 1000)
    batteries = SENT[SENT["part"].map(PARTS["dangerous_goods"])]
    assert found["dangerous_pieces"].sum() == batteries["quantity"].sum() > 0
    kg = batteries["quantity"] * batteries["part"].map(PARTS["weight_kg"])
    assert found["dangerous_kg"].sum() == pytest.approx(kg.sum())
    mixed = found["pieces"] > found["dangerous_pieces"]
    assert ((found["dangerous_cartons"] > 0) == (found["dangerous_pieces"] > 0)).all()
    assert ((found["cartons"] > found["dangerous_cartons"]) == mixed).all()


def test_lines_are_priced_like_the_plan_priced_them() -> None:
    """Carriage, insurance and duty of a line with its handling are the line's cost; chargeable kg are the lane's."""
    lines = consignment_lines(NETWORK, SENT)
    told = lines["carriage"] + lines["insurance"] + lines["duty"] + NETWORK.settings.order_line_cost
    assert told.to_numpy() == pytest.approx(SENT["cost"].to_numpy())
    supply = supply_lanes(NETWORK)
    part = pd.Index(supply.parts["part"]).get_indexer(SENT["part"])
    lane = pd.Index(supply.lanes["lane"]).get_indexer(SENT["lane"])
    assert lines["chargeable_kg"].to_numpy() == pytest.approx(supply.chargeable_kg[part, lane] * SENT["quantity"])


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([None, 0.5, 4.0]), st.sampled_from([0.0, 30.0]), st.sampled_from([0.0, 12.0]))
def test_consignments_are_charged_by_their_number(size: float | None, minimum: float, charge: float) -> None:
    """Number by kg and the lane's size; each is charged, and carriage is filled up to the minimum of all of them."""
    found = consignments(
        laned(consignment_kg=np.nan if size is None else size, minimum_charge=minimum, cost_per_consignment=charge),
        SENT,
    )
    for row in found.to_dict("records"):
        assert row["number"] == (1 if size is None else max(ceil(row["kg"] / size - 1e-9), 1))
        assert row["charges"] == row["number"] * charge
        assert row["carriage"] + row["shortfall"] == pytest.approx(max(row["carriage"], row["number"] * minimum))
        assert row["freight"] == pytest.approx(row["carriage"] + row["shortfall"] + row["insurance"])


def test_payments_fall_due_when_it_happens() -> None:
    """Parts in the week of ordering, freight of leaving in the lane's currency, duty of arriving in the network's."""
    network = abroad()
    orders, sent = supplier_orders(network, BOUGHT), consignments(network, SENT)
    due = payments(network, orders, sent).set_index(["week", "currency"])
    rail = sent[(sent["mode"] == "rail") & (sent["departs"] < MONDAY + pd.Timedelta(weeks=1))]
    assert len(rail) > 0
    assert due.loc[(MONDAY, "CNY"), "freight"] == pytest.approx(7 * rail["freight"].sum())
    first = orders[(orders["order_on"] == MONDAY) & (orders["currency"] == "CNY")]
    assert due.loc[(MONDAY, "CNY"), "goods"] == pytest.approx(7 * first["value"].sum())
    last = sent["arrives"].max()
    week = last - pd.Timedelta(days=last.weekday())
    arriving = sent[sent["arrives"] >= week]
    assert due.loc[(week, "USD"), "duty"] == pytest.approx(arriving["duty"].sum())
    assert (due.xs("CNY", level="currency")["duty"] == 0).all()


def test_a_shuffled_plan_gives_the_same_tables() -> None:
    """The order of a plan's rows changes nothing."""
    network = abroad()
    orders, sent = supplier_orders(network, BOUGHT), consignments(network, SENT)
    shuffled = supplier_orders(network, BOUGHT.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(orders, shuffled)
    again = consignments(network, SENT.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(sent, again)


def test_nothing_bought_and_sent_is_nothing_to_pay() -> None:
    """Of an empty plan all tables are empty and have their columns."""
    case = empty_case()
    frames = plan_frames(case.plan)
    orders = supplier_orders(case.network, frames["purchase_orders"])
    sent = consignments(case.network, frames["shipments"])
    due = payments(case.network, orders, sent)
    assert (len(orders), len(sent), len(due)) == (0, 0, 0)
    assert {"missing", "amount"} <= set(orders)
    assert {"cartons", "cost"} <= set(sent)
    assert set(PAID_FOR) <= set(due)
