"""Explain: every sentence repeats a figure of network or plan, and unknown ids are met with the nearest."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.counts import quantile
from domain.forecast_tables import shares_frame
from domain.problems import ZapasError
from reports import words
from reports.explain import explain
from reports.tables import part_forecast, plan_frames
from tests.reports.workshop import AS_OF, HOSTILE, workshop

CASE = workshop()
FRAMES = plan_frames(CASE.plan)
PART = "0010"


def told(part: str, site: str | None = None) -> list[str]:
    frames = {**FRAMES, "forecast": part_forecast(CASE.network, CASE.forecast, part)}
    return explain(frames, CASE.network, part, site)


def test_demand_is_that_of_the_forecast_with_its_chance() -> None:
    """Pieces expected in 4 weeks, and how many are enough in 19 of 20 cases, follow from the forecast's moments."""
    mine = CASE.forecast.part == PART
    mean = CASE.forecast.interval_mean(1, 4)[mine].sum()
    variance = CASE.forecast.interval_variance(1, 4)[mine].sum()
    sentence = next(line for line in told(PART) if line.startswith("Demand expected in all 2 regions"))
    most = int(quantile(mean, variance, 0.95))
    assert f"{words.number(round(mean, 1))} pieces in 4 weeks ({most} are enough in 19 of 20 cases)" in sentence


def test_at_a_site_only_its_region_is_told() -> None:
    """Demand, stock, shipments and targets of a point speak of it, its depot and the hub."""
    lines = told(PART, "P21")
    assert any("in region R2" in line for line in lines)
    assert not any(other in line for line in lines for other in (" D1", " P11", " P12", "P22", "P23"))


def test_a_point_has_its_part_of_the_demand() -> None:
    """A point is told its share, its own mean, and what is enough there by the law ψ f M + κ f² M²."""
    leaf = np.flatnonzero((CASE.forecast.part == PART) & (CASE.forecast.region == "R2"))[0]
    at = CASE.forecast.share_site[CASE.forecast.share_leaf == leaf].tolist().index("P21")
    share = CASE.forecast.share[CASE.forecast.share_leaf == leaf][at]
    mean = share * CASE.forecast.interval_mean(1, 4)[leaf]
    kappa = CASE.forecast.relative_variance(1, 4)[leaf]
    most = int(quantile(mean, CASE.forecast.batch_index[leaf] * mean + kappa * mean**2, 0.95))
    forecast = part_forecast(CASE.network, CASE.forecast, PART)
    frames = {**FRAMES, "forecast": forecast, "shares": shares_frame(CASE.forecast)}
    sentence = next(line for line in explain(frames, CASE.network, PART, "P21") if line.startswith("P21 has"))
    assert sentence.startswith(
        f"P21 has {words.percent(float(share))} of it: {words.pieces(round(mean, 1))} in 4 weeks"
    )
    assert f"in 4 weeks ({most} are enough in 19 of 20 cases)" in sentence


def test_a_planner_is_named_beside_the_system() -> None:
    """An override is told with author, reason and both figures, where the question is about its region."""
    weeks = pd.date_range("2025-07-07", periods=3, freq="7D")
    rows = pd.DataFrame({"part": PART, "region": "R1", "week": weeks, "system": 7.0, "override": [11.0, 12.0, 13.0]})
    rows = rows.assign(author="A. Petrova", reason="campaign", created=pd.Timestamp("2025-06-25"))
    frames = {**FRAMES, "forecast": part_forecast(CASE.network, CASE.forecast, PART), "overrides": rows}
    said = "For 3 weeks from Mon 7 Jul the planner (A. Petrova, campaign) expects 12 a week in R1, the system 7."
    assert said in explain(frames, CASE.network, PART)
    assert said in explain(frames, CASE.network, PART, "P11")
    assert said not in explain(frames, CASE.network, PART, "P21")


def test_stock_orders_and_repairs_are_those_of_the_network() -> None:
    """What lies where, what is late, and what waits is told with quantity, place and day."""
    lines = " ".join(told("0006"))
    stock = CASE.network.stock
    most = stock[(stock["part"] == "0006") & (stock["condition"] == "good")].sort_values("on_hand").iloc[-1]
    assert f"In stock: {most['on_hand']} at" in lines
    assert "On its way: 20 to D2, late since Wed 25 Jun (order PO-8, ordered)." in lines
    assert "Repair RO-2 at P21 waits for 1, due Sun 29 Jun." in lines


def test_orders_and_shipments_carry_money_day_and_reason() -> None:
    """The first order and the first shipment of the plan are told as the frames have them."""
    lines = told(PART)
    orders = FRAMES["purchase_orders"][FRAMES["purchase_orders"]["part"] == PART].sort_values("order_on")
    shipments = FRAMES["shipments"][FRAMES["shipments"]["part"] == PART].sort_values(["departs", "lane"])
    order, shipment = orders.iloc[0], shipments.iloc[0]
    assert any(
        line.startswith(
            f"Order {order['quantity']} from {order['supplier']} on {words.day(order['order_on'], AS_OF)} for "
            f"{words.money(order['value'], 'USD')}"
        )
        and order["reason"].rstrip(".") in line
        for line in lines
    )
    assert any(line.startswith(f"Send {shipment['quantity']} to D1 by {shipment['lane']}") for line in lines)
    assert f"And {len(orders) - 4} more" in " ".join(lines) or len(orders) <= 4


def test_a_target_says_what_one_piece_more_or_less_is_worth() -> None:
    """Pipeline, service, the longest usual wait, and the target's own values of the next and the last unit."""
    targets = FRAMES["targets"]
    row = targets[(targets["part"] == PART) & (targets["site"] == "P12")].iloc[0]
    line = next(line for line in told(PART, "P12") if line.startswith("Stock up to"))
    assert line.startswith(f"Stock up to {row['base_stock']} at P12 (group screens: 95 % of repairs")
    assert f"On average {words.pieces(round(row['pipeline'], 2))}" in line
    assert words.next_unit(row["value_of_next_unit"], "USD")[1:] in line
    assert words.last_unit(row["value_of_last_unit"], "USD") in line
    assert words.percent(row["fill_rate"]) in line
    assert words.percent(row["promised"]) in line


def test_the_hub_says_when_it_orders_again() -> None:
    """A row of the hub is an ordering level, and what it leaves the depots waiting for."""
    line = next(line for line in told(PART, "HUB") if line.startswith("The hub"))
    assert "orders again when stock and orders fall below" in line
    assert "owed to the depots on an average day" in line


def test_a_group_the_network_does_not_define_is_named_without_a_target() -> None:
    """What is not known is left out, not guessed."""
    frames = {**FRAMES, "forecast": part_forecast(CASE.network, CASE.forecast, PART)}
    frames["targets"] = frames["targets"].assign(group=frames["targets"]["group"].replace("screens", "others"))
    assert any("(group others)." in line for line in explain(frames, CASE.network, PART, "P12"))


@pytest.mark.parametrize("part", sorted(HOSTILE))
def test_hostile_names_are_only_text(part: str) -> None:
    """A part named like a formula or a tag is explained like any other."""
    assert part in told(part)[0]


def test_a_part_nobody_wants_is_explained_too() -> None:
    """Without demand, stock or orders each sentence says so."""
    parts = CASE.network.parts
    network = replace(CASE.network, parts=pd.concat([parts, parts.head(1).assign(part="IDLE", name="Never used")]))
    lines = explain({**FRAMES, "forecast": part_forecast(network, CASE.forecast, "IDLE")}, network, "IDLE")
    assert [line for line in lines if "none" in line or "othing" in line] == lines[1:]


@pytest.mark.parametrize(("asked", "nearest"), [("0O10", "0010"), ("=1+2", "=1+1"), ("屏-78", "屏-77")])
def test_an_unknown_part_is_met_with_the_nearest(asked: str, nearest: str) -> None:
    """A typing error costs one look, not a search."""
    with pytest.raises(ZapasError, match=r"no part .* did you mean") as error:
        told(asked)
    assert nearest in str(error.value)


def test_an_unknown_site_is_an_error_too() -> None:
    """The site is named; ids nothing is near to are refused without a guess."""
    with pytest.raises(ZapasError, match="There is no site P99"):
        told(PART, "P99")
    with pytest.raises(ZapasError, match=r"There is no part Ω in this plan\.$"):
        told("Ω")


def test_the_whole_forecast_gives_the_same_words_as_the_part_alone() -> None:
    """Whether the frames hold one part's forecast or all, the sentences are the same."""
    every = pd.concat([part_forecast(CASE.network, CASE.forecast, str(part)) for part in np.unique(CASE.forecast.part)])
    assert explain({**FRAMES, "forecast": every}, CASE.network, PART) == told(PART)
