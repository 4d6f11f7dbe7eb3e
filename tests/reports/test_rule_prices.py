"""What the rules cost, in words: the next dollar, kg, litre and m³."""

from dataclasses import replace

import pandas as pd
import pytest

from reports.rule_prices import dearest_rules
from reports.tables import NO_RULE_PRICES, plan_frames
from tests.reports.workshop import limited

NETWORK = limited().network
LIMITS = plan_frames(limited().plan)["rule_prices"]


def said(limits: pd.DataFrame = LIMITS) -> list[str]:
    return dearest_rules(NETWORK, limits)["says"].tolist()


def test_each_limit_says_what_the_next_bit_of_it_saves() -> None:
    """Money per dollar, kg, litre, and per m³ where the row is in litres; the departure is named by day and depot."""
    assert set(said()) == {
        "One more dollar of budget in the 4 weeks from Mon 30 Jun saves $0.12.",
        "One more dollar of budget in the 4 weeks from Mon 28 Jul saves $2.50.",
        "One more kg on Tuesday's flight to Moscow of 1 Jul saves $3.40.",
        "One more litre on Wednesday's train to Almaty of 2 Jul saves less than $0.01.",
        "One more m³ of storage at Almaty in the week of Mon 7 Jul saves $20.",
    }


def test_limits_are_compared_by_one_hundredth_of_them() -> None:
    """What 1 % more saves decides the order; a limit of nothing, of which there is no hundredth, comes first."""
    found = dearest_rules(NETWORK, LIMITS)
    assert found["hundredth"].iloc[1:].tolist() == pytest.approx([10.8, 1.36, 0.3, 0.002])
    assert found["price"].iloc[0] == 2.5
    assert found["hundredth"].isna().tolist() == [True, False, False, False, False]


def test_only_limits_of_the_coming_weeks_that_cost_money_are_told() -> None:
    """Rows without a price, and those beyond week T, have nothing to say."""
    found = dearest_rules(NETWORK, LIMITS)
    assert (found["price"] > 0).all()
    assert found["start"].max() < pd.Timestamp("2025-12-29")


def test_units_and_money_are_those_of_the_network() -> None:
    """Other currencies have other names; one without a name here is called by its code."""
    budget = LIMITS.head(1)
    for currency, words in (("EUR", "One more euro"), ("KZT", "One more KZT")):
        network = replace(NETWORK, settings=replace(NETWORK.settings, currency=currency, budget_period_weeks=1))
        found = dearest_rules(network, budget)
        assert found["says"].iloc[0].startswith(f"{words} of budget in the week from Mon 30 Jun saves ")
        assert found["unit"].iloc[0] == currency


def test_the_order_of_rows_does_not_matter() -> None:
    """Shuffled limits read the same."""
    assert said(LIMITS.sample(frac=1, random_state=5)) == said()


def test_no_limit_says_nothing() -> None:
    """A plan without shared limits, and one whose limits cost nothing, has no sentence."""
    assert said(NO_RULE_PRICES) == []
    assert said(LIMITS.assign(price=0.0)) == []
