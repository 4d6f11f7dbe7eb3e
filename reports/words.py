"""Words for people: one place for how numbers, dates and the field's terms are said."""

from datetime import date
from math import ceil, floor, isfinite, isnan, log10

import pandas as pd

from domain.service import BackorderCost, FillRate, MeanWait, ServiceTarget, WithinDays

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "RUB": "₽"}
_COINS = {"USD": "dollar", "EUR": "euro", "GBP": "pound", "RUB": "rouble", "CNY": "yuan"}
COST_WORDS = {
    "purchase": "Parts bought",
    "freight": "Freight and insurance",
    "consignment": "Consignment charges",
    "duty": "Duty and tax not recovered",
    "order_line": "Handling of shipment lines",
    "holding": "Holding stock, also under way",
    "shortage": "Devices waiting for parts",
    "end": "What lies beyond the last week",
}
_CHANCES = {0.5: "1 of 2", 0.8: "4 of 5", 0.9: "9 of 10", 0.95: "19 of 20", 0.99: "99 of 100"}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNKNOWN = "unknown"


def money(amount: float, currency: str) -> str:
    """`$1,234`, `−$12`, `$0.40`, `1,234 CNY`: cents only below 10."""
    if isnan(amount):
        return _UNKNOWN
    return _money(amount, currency, 2 if 0.005 <= abs(amount) < 10 else 0)


def price(amount: float, currency: str) -> str:
    """Money for one thing, with its cents: `$13.40`, `1,234.00 CNY`."""
    return _UNKNOWN if isnan(amount) else _money(amount, currency, 2)


def saving(amount: float, currency: str) -> str:
    """Money saved by a little more of something: `$3.40`, `less than $0.01`."""
    return f"less than {price(0.01, currency)}" if 0 < amount < 0.005 else money(amount, currency)


def coin(currency: str) -> str:
    """One unit of a currency: `dollar`; its code where it has no word here."""
    return _COINS.get(currency, currency)


def _money(amount: float, currency: str, digits: int) -> str:
    figure = f"{abs(amount):,.{digits}f}"
    minus = "−" if amount < 0 and float(figure.replace(",", "")) > 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{minus}{symbol}{figure}" if symbol else f"{minus}{figure} {currency}"


def more_money(amount: float, currency: str) -> str:
    """A change of money: `+$120`, `−$12`."""
    text = money(amount, currency)
    return f"+{text}" if amount > 0 else text


def number(value: float) -> str:
    """`1,234`, `12.4`, `0.02`: enough digits to be useful, thousands separated, no zeros at the end."""
    if isnan(value):
        return _UNKNOWN
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    text = f"{value:.{1 if abs(value) >= 1 else min(1 - floor(log10(abs(value))), 4)}f}"
    return text.rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """`94.2 %` of a share; a few in a thousand keep two digits."""
    if isnan(share):
        return _UNKNOWN
    if not isfinite(share):
        return "without limit"
    figure = 100 * share
    if 0 < abs(figure) < 0.005:
        return "less than 0.01 %"
    return f"{figure:.{2 if 0 < abs(figure) < 1 else 1}f} %".replace(".0 %", " %")


def count(how_many: int, one: str, many: str = "") -> str:
    """`1 piece`, `1,200 pieces`."""
    return f"{how_many:,} {one if how_many == 1 else many or one + 's'}"


def pieces(how_many: float) -> str:
    """`1 piece`, `2.5 pieces`."""
    return f"{number(how_many)} {'piece' if how_many == 1 else 'pieces'}"


def day(when: "date | pd.Timestamp", near: date) -> str:
    """`Mon 6 Jul`, with the year when it is not that of `near`."""
    year = "" if when.year == near.year else f" {when.year}"
    return f"{_WEEKDAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]}{year}"


def enough(level: float) -> str:
    """A quantile: `enough in 19 of 20 cases`."""
    return f"enough in {_CHANCES[level]} cases"


def gap(share: float) -> str:
    """The optimality gap: `no plan can be cheaper by more than 0.04 %`, rounded up to two digits."""
    if not isfinite(share):
        return "how much cheaper another plan could be is not known"
    if share <= 5e-7:
        return "no plan can be cheaper"
    return f"no plan can be cheaper by more than {_rounded_up(100 * share)} %"


def next_unit(value: float, currency: str) -> str:
    """The value of the next unit, money per year: `one more saves $31 a year`."""
    if value > 0:
        return f"one more saves {money(value, currency)} a year"
    return f"one more costs {money(-value, currency)} a year more than it saves"


def last_unit(value: float, currency: str) -> str:
    """The value of the last unit, money per year: `one less costs $12 a year`."""
    return f"one less {'costs' if value > 0 else 'saves'} {money(abs(value), currency)} a year"


def service_target(target: ServiceTarget, currency: str) -> str:
    """What a service group is promised, in words."""
    match target:
        case FillRate(share):
            return f"{percent(share)} of repairs find their part on the shelf"
        case MeanWait(days):
            return f"a part is waited for {_days(days)} on average"
        case WithinDays(days, share):
            return f"{percent(share)} of repairs have their parts within {_days(days)}"
        case BackorderCost(per_day):
            return f"a waiting device costs {money(per_day, currency)} a day"


def kind(word: str) -> str:
    """A code word of the tables as people read it: `late_inbound` → `Late inbound`."""
    return word.replace("_", " ").capitalize()


def shortened(text: str, most: int = 60) -> str:
    """`text`, or its beginning and an ellipsis: a name must not push everything else off the line."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def listed(words: list[str], most: int = 3) -> str:
    """`A, B and C`, or `A, B, C and 4 more`."""
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most:,} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _days(days: float) -> str:
    return f"{number(days)} {'day' if days == 1 else 'days'}"


def _rounded_up(figure: float) -> str:
    """Two digits, never below `figure`: a bound must stay true in words."""
    digits = 1 - floor(log10(figure))
    step = 10.0**-digits
    text = f"{ceil(figure / step - 1e-6) * step:,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if digits > 0 else text
