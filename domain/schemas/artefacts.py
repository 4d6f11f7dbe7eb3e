"""Every table of a plan folder, declared once."""

import pandera.pandas as pa

from domain.schemas.columns import count, day, number, table, text

_MONEY = "network's currency"
_REASON = text("reason", "why, in words", star=True, may_be_empty=True)

_TABLES = (
    table(
        "forecast",
        "demand of a part in a region, week by week; quantiles are of cumulative demand",
        "part region week",
        text("part", "part", star=True),
        text("region", "region", star=True),
        day("week", "Monday of the week", star=True),
        number("mean", "mean demand of the week", "pieces", star=True, least=0),
        number("variance", "its variance", "pieces squared", star=True, least=0),
        number("dispersion", "batch index: E[b2]/E[b] of the batch size", "pieces", star=True, least=1),
        number("rate_shape", "shape a of the uncertain rate, infinite when it is known", "ratio", star=True, above=0),
        number("discount", "weight of evidence one week older", "ratio", star=True, above=0, most=1),
        number("drift", "1: the rate drifts; 0: it is constant", "0 or 1", star=True, least=0, most=1),
        number("cumulative_mean", "mean demand of weeks 1 to this one", "pieces", star=True, least=0),
        number("cumulative_variance", "its variance", "pieces squared", star=True, least=0),
        *(
            count(f"q{level}", f"cumulative demand not exceeded in {level} of 100 cases", "pieces", star=True)
            for level in (10, 50, 80, 90, 95, 99)
        ),
    ),
    table(
        "shares",
        "how a region's demand falls on its repair points",
        "part site",
        text("part", "part", star=True),
        text("site", "repair point", star=True),
        number("share", "share of the region's demand", "share", star=True, above=0, most=1),
    ),
    table(
        "overrides",
        "weeks in which a planner's own forecast holds, beside the system's; of several the latest written is named",
        "part region week",
        text("part", "part", star=True),
        text("region", "region", star=True),
        day("week", "Monday of the week", star=True),
        number("system", "mean demand of the week by the system", "pieces", star=True, least=0),
        number("override", "mean demand of the week that holds instead", "pieces", star=True, least=0),
        text("author", "who says so", star=True),
        _REASON,
        day("created", "when it was written", star=True),
    ),
    table(
        "targets",
        "stock up to which a site is filled",
        "part site",
        text("part", "part", star=True),
        text("site", "hub, depot or repair point", star=True),
        text("group", "service group, empty behind the points", star=True, may_be_empty=True),
        count("base_stock", "stock on hand and on order to keep", "pieces", star=True),
        number("fill_rate", "stationary share of units served at once", "share", means="depot", least=0, most=1),
        number("promised", "share of units the plan serves at once", "share", means="depot", least=0, most=1),
        number("expected_backorders", "devices waiting on an average day", "pieces", star=True, least=0),
        number("mean_wait_days", "mean wait of a unit", "calendar days", means="no demand", least=0),
        number("wait_95_days", "within so long 19 of 20 units are there", "calendar days", means="hub", least=0),
        number("pipeline", "mean units under way to the site or owed to it", "pieces", star=True, least=0),
        number("value_of_last_unit", "what one unit less costs", f"{_MONEY} per year", means="no stock"),
        number("value_of_next_unit", "what one unit more saves", f"{_MONEY} per year", means="not priced"),
        day("since", "day since which the part number is kept, or no longer kept", means="never, or none has to stay"),
    ),
    table(
        "shipments",
        "what leaves the hub on which lane and day",
        "shipment",
        text("shipment", "id", star=True),
        text("part", "part", star=True),
        text("lane", "lane", star=True),
        day("departs", "day it leaves", star=True),
        day("arrives", "day it is expected", star=True),
        count("quantity", "pieces", "pieces", star=True, least=1),
        number("cost", "freight, insurance, duty and line handling", _MONEY, star=True, least=0),
        _REASON,
    ),
    table(
        "purchase_orders",
        "what is ordered from suppliers",
        "order",
        text("order", "id", star=True),
        text("supplier", "supplier, empty where the origin never runs out", star=True, may_be_empty=True),
        text("part", "part", star=True),
        count("quantity", "pieces", "pieces", star=True, least=1),
        day("order_on", "day the order is placed", star=True),
        day("expected", "day it is expected at the hub", star=True),
        number("value", "purchase value", _MONEY, star=True, least=0),
        _REASON,
    ),
    table(
        "allocations",
        "who gets today's stock",
        "part from_site to_site for_repair_order",
        text("part", "part", star=True),
        text("from_site", "site that gives", star=True),
        text("to_site", "site that gets", star=True),
        count("quantity", "pieces", "pieces", star=True, least=1),
        text("for_repair_order", "repair order, empty for a shelf", star=True, may_be_empty=True),
        day("ships_on", "day it leaves", star=True),
        day("arrives_on", "day it is expected", star=True),
        _REASON,
    ),
    table(
        "exceptions",
        "what a person should look at, with the money at risk",
        "kind part site",
        text("kind", "what happened", star=True),
        text("part", "part, empty if none", star=True, may_be_empty=True),
        text("site", "site, empty if none", star=True, may_be_empty=True),
        number("money_at_risk", "cost of doing nothing", _MONEY, star=True),
        text("says", "one sentence", star=True),
    ),
)

ARTEFACTS: dict[str, pa.DataFrameSchema] = {schema.name: schema for schema in _TABLES}
