"""What is readable but looks wrong: sites out of reach, implausible values, demand for what is retired."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from domain.calendar import departure_weekdays, week_starts
from domain.departures import Shutdowns
from domain.network import Settings
from storage.network_completion import money_columns, rates
from storage.network_rules import Sheets, where
from storage.network_sheets import Sheet

_IMPLAUSIBLE: tuple[tuple[str, str, float, str], ...] = (
    ("parts", "weight_kg", 500, "kg for one piece; grams?"),
    ("parts", "volume_l", 2000, "litres for one piece; millilitres?"),
    ("parts", "moq", 100_000, "pieces at least"),
    ("lanes", "transit_days", 120, "days under way; hours?"),
    ("lanes", "customs_days", 120, "days in customs; hours?"),
    ("lanes", "cost_per_kg", 500, "of the network's currency per kg; per consignment?"),
    ("suppliers", "lead_time_days", 365, "days to deliver"),
    ("models", "warranty_months", 120, "months of warranty; days?"),
    ("fitment", "quantity", 100, "pieces in one repair"),
    ("usage", "quantity", 1000, "pieces in one repair"),
    ("repair_orders", "quantity", 100, "pieces in one repair"),
)
_DENSEST_KG_PER_L = 22.6  # osmium
_GROUP_NAMES = {"part_class": "parts", "criticality": "parts", "brand": "models"}


def look_for_warnings(sheets: Sheets, settings: Settings) -> None:
    """Add every warning to its sheet. Rejected rows still count as lanes and sites: one error is not reported twice."""
    if sheets["sites"].present and sheets["lanes"].present:
        _out_of_reach(sheets)
        _lanes_that_never_leave(sheets, settings)
        if sheets["parts"].present:
            _parts_nobody_carries(sheets)
    per_base = rates(sheets["rates"], settings.currency)
    for table, column, limit, says in _IMPLAUSIBLE:
        standing = sheets[table].standing
        unit = standing["currency"].map(per_base) if column in money_columns(sheets[table].schema) else 1.0
        for row in where(sheets[table], standing[column] > limit * unit):
            sheets[table].warn(f"implausible: more than {limit:g} {says}", column, int(row))
    _implausible_parts(sheets["parts"])
    _corrections_beyond_use(sheets["usage"])
    _retired(sheets)
    _late_or_expired(sheets, settings.as_of)
    _names_without_match(sheets)


def _supply_lanes(sheets: Sheets) -> pd.DataFrame:
    """The lanes from an origin to a depot."""
    lanes, sites = sheets["lanes"].frame, sheets["sites"].frame
    origins = sites.loc[sites["kind"] == "origin", "site"]
    depots = sites.loc[sites["kind"] == "depot", "site"]
    return lanes[lanes["origin"].isin(origins) & lanes["destination"].isin(depots)]


def _out_of_reach(sheets: Sheets) -> None:
    sites, lanes = sheets["sites"], sheets["lanes"].frame
    frame = sites.frame
    depot_of = frame[frame["kind"] == "depot"].drop_duplicates("region").set_index("region")["site"]
    joined = set(zip(lanes["origin"], lanes["destination"], strict=True))
    reached, supplied = set(lanes["destination"]), set(_supply_lanes(sheets)["destination"])
    for row, (site, kind, region) in enumerate(zip(frame["site"], frame["kind"], frame["region"], strict=True)):
        if kind not in ("depot", "repair_point"):
            continue
        depot = depot_of.get(region, "")
        if site not in reached:
            sites.warn("no lane reaches this site; add one to lanes", "site", row)
        elif kind == "depot" and site not in supplied:
            sites.warn("no lane from an origin reaches this depot; add one to lanes", "site", row)
        elif kind == "repair_point" and depot and (depot, site) not in joined:
            sites.warn(f"no lane from its depot {depot} reaches this point; add one to lanes", "site", row)


def _parts_nobody_carries(sheets: Sheets) -> None:
    parts, sites, lanes = sheets["parts"], sheets["sites"].frame, _supply_lanes(sheets)
    allowed = lanes[lanes["dangerous_goods"]]
    suppliers = sheets["suppliers"].frame
    origins = sites.loc[sites["kind"] == "origin", "site"]
    hub = parts.standing["supplier"].map(dict(zip(suppliers["supplier"], suppliers["site"], strict=True)))
    hub = hub.fillna(origins.iloc[0] if len(origins) == 1 else "")
    dangerous = parts.standing["dangerous_goods"]
    for row in where(parts, dangerous & (hub != "") & ~hub.isin(allowed["origin"])):
        parts.warn(
            f"dangerous goods, but no lane from {hub[row]} to a depot may carry them", "dangerous_goods", int(row)
        )
    if dangerous.any() and len(allowed):
        for depot in sorted(set(lanes["destination"]) - set(allowed["destination"])):
            row = int(np.flatnonzero(sites["site"] == depot)[0])
            says = f"no lane from an origin carries dangerous goods here; {int(dangerous.sum()):,} parts need one"
            sheets["sites"].warn(says, "site", row)


def _lanes_that_never_leave(sheets: Sheets, settings: Settings) -> None:
    events, lanes, sites = sheets["events"].standing, sheets["lanes"], sheets["sites"].frame
    shut = events[events["kind"] == "shutdown"]
    if shut.empty:
        return
    shutdowns = Shutdowns(
        tuple(shut["applies_to"]), shut["start"].to_numpy("datetime64[D]"), shut["end"].to_numpy("datetime64[D]")
    )
    place = sites.drop_duplicates("site").set_index("site")[["country", "region"]].to_dict("index")
    mondays = week_starts(settings.as_of, settings.horizon_weeks)
    for row, lane in lanes.standing.iterrows():
        origin = str(lane["origin"])
        keys = {"all", f"lane:{lane['lane']}", f"site:{origin}"}
        keys |= {f"{word}:{name}" for word, name in place.get(origin, {}).items()}
        days = (mondays[:, None] + np.array(departure_weekdays(str(lane["departures"])))[None, :]).ravel()
        if shutdowns.closed(days, keys).all():
            says = f"no departure in the {settings.horizon_weeks} weeks of the plan; see the shutdowns in events"
            lanes.warn(says, "lane", int(str(row)))


def _implausible_parts(parts: Sheet) -> None:
    frame = parts.standing
    for row in where(parts, frame["unit_cost"] == 0):
        parts.warn("costs nothing; is the price missing?", "unit_cost", int(row))
    for row in where(parts, (frame["volume_l"] > 0) & (frame["weight_kg"] > _DENSEST_KG_PER_L * frame["volume_l"])):
        parts.warn("implausible: denser than any metal; check weight_kg and volume_l", "weight_kg", int(row))


def _corrections_beyond_use(usage: Sheet) -> None:
    frame = usage.standing
    if not (frame["quantity"] < 0).any():
        return
    corrected = frame.loc[frame["quantity"] < 0, "part"].unique()
    total = frame[frame["part"].isin(corrected)].groupby(["site", "part"], as_index=False)["quantity"].sum()
    for row in total[total["quantity"] < 0].to_dict("records"):
        says = f"corrections exceed use: part {row['part']} at {row['site']} nets {row['quantity']:,} pieces"
        usage.warn(says, "quantity")


def _retired(sheets: Sheets) -> None:
    ends = sheets["parts"].frame.drop_duplicates("part").set_index("part")["support_until"].dropna()
    for table, day in (("usage", "date"), ("repair_orders", "due")):
        sheet = sheets[table]
        frame = sheet.standing
        late = frame[frame["part"].isin(ends.index)]
        late = late[late[day] > late["part"].map(ends)]
        for part, rows in late.groupby("part"):
            says = f"retired {ends[part]:%Y-%m-%d}, but {len(rows):,} rows want it later, the first here"
            sheet.warn(says, "part", int(rows.index[0]))


def _late_or_expired(sheets: Sheets, as_of: date) -> None:
    today = pd.Timestamp(as_of)
    for table, column, late, says in (
        ("inbound", "expected", True, f"late: expected before {as_of}; it counts and gets a new date"),
        ("stock", "expires", True, f"expired before {as_of}; move it to quarantine"),
        ("stock", "counted_on", False, f"counted after as_of {as_of}"),
    ):
        sheet: Sheet = sheets[table]
        days: pd.Series[Any] = sheet.standing[column]
        for row in where(sheet, days < today if late else days > today):
            sheet.warn(says, column, int(row))


def _names_without_match(sheets: Sheets) -> None:
    """Conditions that fit nothing: legal, but more often a misspelling."""
    service, duties = sheets["service"], sheets["duties"]
    for column, table in _GROUP_NAMES.items():
        wanted = service.standing[column]
        for row in where(service, (wanted != "") & ~wanted.isin(sheets[table].frame[column])):
            service.warn(f"no row of {table} has this {column}; the group is empty", column, int(row))
    countries = sheets["sites"].frame["country"]
    for column in ("country", "origin_country"):
        named = duties.standing[column]
        for row in where(duties, (named != "") & ~named.isin(countries)):
            duties.warn("no site is in this country", column, int(row))
