"""How siting is told: open, rent, share or close, and when it pays."""

import pandas as pd
import pytest

from reports.siting import siting_lines, siting_sentence
from scenarios.what_if.siting import KINDS, Planned, Siting


def planned(total: float, *opened: str) -> Planned:
    """A plan of one kind of cost."""
    return Planned(opened, {"P1": "D1"}, dict.fromkeys(KINDS, 0.0) | {"freight": total}, {"default": 0.9}, 12.0)


def found(
    today: Planned, chosen: Planned, weeks: float | None, more: float = 7.0, candidate: dict[str, object] | None = None
) -> Siting:
    """A study with the one candidate D9."""
    row: dict[str, object] = {
        "site": "D9",
        "name": "Omsk depot",
        "country": "RU",
        "owner": "",
        "opening": 100.0,
        "once": 0.0,
    }
    row |= {"today": "D9" in today.opened, "chosen": "D9" in chosen.opened, "points": 2} | (candidate or {})
    swap = ("", "D9", "close") if "D9" in chosen.opened else ("D9", "", "open")
    swaps = pd.DataFrame([{"opens": swap[0], "closes": swap[1], "change": swap[2], "cost": more, "more": more}])
    return Siting("USD", pd.DataFrame([row]), today, chosen, swaps, (), 2, 0, weeks)


@pytest.mark.parametrize(
    ("candidate", "weeks", "says"),
    [
        ({}, 21.7, "Rent Omsk depot: saves $41,000 a year, pays back in 5 months."),
        ({"once": 5.0}, 3.0, "Open Omsk depot: saves $41,000 a year, pays back in 3 weeks."),
        ({"owner": "Anna"}, 156.0, "Share Omsk depot with Anna: saves $41,000 a year, pays back in 3 years."),
        ({"opening": 0.0}, 0.0, "Open Omsk depot: saves $41,000 a year, pays back at once."),
    ],
)
def test_the_sentence_says_what_to_do_and_when_it_pays(candidate: dict[str, object], weeks: float, says: str) -> None:
    """Who is paid only by the year is rented, whose owner is named is shared; time as people count it."""
    assert siting_sentence(found(planned(50_000.0), planned(9_000.0, "D9"), weeks, candidate=candidate)) == says


def test_keeping_and_closing_are_answers_too() -> None:
    """Where nothing pays, the best change is named with what it would cost; closing has no pay-back."""
    assert siting_sentence(found(planned(5.0), planned(5.0), None)) == (
        "Keep the depots as they are: the best single change, opening Omsk depot too, costs $7.00 a year more."
    )
    closed = found(planned(500.0, "D9"), planned(100.0), None)
    assert siting_lines(closed)[0] == "Close Omsk depot: saves $400 a year."
    assert "  Keeping Omsk depot costs $7.00 a year more." in siting_lines(closed)


def test_what_cannot_serve_everybody_is_said() -> None:
    """A swap without a plan has no price."""
    only = found(planned(500.0, "D9"), planned(500.0, "D9"), None, more=float("inf"))
    assert siting_sentence(only) == "Keep the depots as they are: no candidate can be opened or closed."
    assert "  Closing Omsk depot leaves points that no depot can serve." in siting_lines(only)
