"""What must hold between the rows of a network: names resolve, a key is one row, words mean something."""

from collections.abc import Callable
from datetime import date
from difflib import get_close_matches

import numpy as np
import pandas as pd

from domain.calendar import departure_weekdays
from domain.schemas import about, about_table
from storage.network_sheets import Rows, Sheet

Sheets = dict[str, Sheet]

_IN_ORDER = {
    "models": ("launched", "sales_end"),
    "stockouts": ("start", "end"),
    "failures": ("sold_month", "failed_month"),
    "events": ("start", "end"),
    "overrides": ("start", "end"),
    "past_consignments": ("shipped", "received"),
}
_TARGETS = ("fill_rate", "mean_wait_days", "within_days", "backorder_cost_per_day")
_APPLIES_TO = {
    "country": "sites.country",
    "region": "sites.region",
    "site": "sites.site",
    "lane": "lanes.lane",
    "supplier": "suppliers.supplier",
    "category": "models.category",
    "model": "models.model",
}
_FEW = 1000  # so many known ids can be searched for a similar one


def apply_rules(sheets: Sheets, as_of: date, currency: str) -> None:
    """Reject every row that breaks a rule, once lanes, suppliers and models have the ids their rows stand for."""
    _name_lanes(sheets["lanes"])
    _place_suppliers(sheets)
    _resolve_aliases(sheets)
    _name_currencies(sheets, currency)
    for sheet in sheets.values():
        if sheet.present:
            _check_references(sheet, sheets)
            _check_dates(sheet)
            _check_currency(sheet, sheets["rates"], currency)
            _check_key(sheet)
    for name, rule in _RULES.items():
        if sheets[name].present:
            rule(sheets)
    _leave_out_the_future(sheets["usage"], "date", as_of)
    _leave_out_the_future(sheets["stockouts"], "start", as_of)
    _leave_out_the_future(sheets["failures"], "failed_month", as_of)
    _leave_out_the_future(sheets["receipts"], "date", as_of)


def known(sheets: Sheets, reference: str) -> "pd.Index[str]":
    """The values of `table.column`, of rejected rows too: one error is not reported twice."""
    table, column = reference.split(".")
    values = sheets[table].frame[column]
    return pd.Index(values[values != ""].unique())


def where(sheet: Sheet, condition: "pd.Series[bool]") -> Rows:
    """Positions of the rows for which `condition`, indexed like `sheet.standing`, holds."""
    return condition.index[condition].to_numpy()


def _name_lanes(lanes: Sheet) -> None:
    frame = lanes.frame
    unnamed = frame["lane"] == ""
    names = frame["origin"] + "-" + frame["destination"] + "-" + frame["mode"]
    lanes.frame = frame.assign(lane=frame["lane"].where(~unnamed, names))


def _place_suppliers(sheets: Sheets) -> None:
    suppliers, sites = sheets["suppliers"], sheets["sites"].frame
    origins = sites.loc[sites["kind"] == "origin", "site"].unique()
    homeless = suppliers.frame["site"] == ""
    if len(origins) == 1:
        suppliers.frame = suppliers.frame.assign(site=suppliers.frame["site"].where(~homeless, origins[0]))
    elif len(origins) > 1:
        suppliers.reject(np.flatnonzero(homeless), "site", f"empty, but there are {len(origins)} origins; name one")


def _resolve_aliases(sheets: Sheets) -> None:
    """Put the model's id wherever one of its aliases stands."""
    models = sheets["models"]
    ids = set(models.frame["model"])
    model_of: dict[str, str] = {}
    for row, (model, aliases) in enumerate(zip(models.frame["model"], models.frame["aliases"], strict=True)):
        for alias in filter(None, map(str.strip, aliases.split(";"))):
            if (alias in ids and alias != model) or model_of.get(alias, model) != model:
                models.reject([row], "aliases", f"{alias} is another model too; an alias belongs to one model")
            elif alias != model:
                model_of[alias] = model
    for sheet in sheets.values() if model_of else ():
        if "model" in sheet.schema.columns and about(sheet.schema.columns["model"]).refers:
            of_name, names = pd.factorize(sheet.frame["model"])  # a name occurs a thousand times in a history
            sheet.frame["model"] = np.array([model_of.get(name, name) for name in names], object)[of_name]


def _name_currencies(sheets: Sheets, currency: str) -> None:
    for sheet in sheets.values():
        if "currency" in sheet.schema.columns and sheet.name != "rates":
            sheet.frame["currency"] = sheet.frame["currency"].replace("", currency)


def _check_references(sheet: Sheet, sheets: Sheets) -> None:
    for name, column in sheet.schema.columns.items():
        reference = about(column).refers
        if not reference:
            continue
        target = sheets[reference.split(".")[0]]
        values = sheet.standing[name]
        if target.absent and not sheet.about.fact and (values != "").any():
            sheet.refuse(f"names {target.name}, but there is no table {target.name}; add it", name)
        if target.absent or not target.present:
            continue
        ids = known(sheets, reference)
        unknown = ~values.isin(ids) & (values != "")
        if unknown.any():
            sentence = _unknown_id(reference, ids)
            said = {value: sentence(value) for value in values[unknown].unique()}
            named = values[unknown].map(said)
            sheet.reject(where(sheet, unknown), name, named.__getitem__)


def _unknown_id(reference: str, ids: "pd.Index[str]") -> Callable[[str], str]:
    table, column = reference.split(".")
    bare = {value.lstrip("0").lower(): value for value in ids}
    few = list(ids) if len(ids) <= _FEW else []

    def sentence(value: str) -> str:
        alike = bare.get(value.lstrip("0").lower()) or next(iter(get_close_matches(value, few, n=1, cutoff=0.75)), "")
        hint = f"; {alike} is" if alike else f"; add it to {table} or mend it"
        return f"no such {column} in {table}{hint}"

    return sentence


def _check_dates(sheet: Sheet) -> None:
    if sheet.name in _IN_ORDER:
        first, last = _IN_ORDER[sheet.name]
        frame = sheet.standing
        sheet.reject(where(sheet, frame[last] < frame[first]), last, f"earlier than {first}; must not be before it")


def _check_currency(sheet: Sheet, rates: Sheet, currency: str) -> None:
    if "currency" not in sheet.schema.columns:
        return None
    if sheet is rates:
        own = (rates.standing["currency"] == currency) & (rates.standing["per_base"] != 1)
        return rates.reject(where(rates, own), "per_base", "the network's own currency; must be 1")
    paid = sheet.standing["currency"]
    unknown = ~paid.isin(rates.frame["currency"]) & (paid != currency)
    return sheet.reject(where(sheet, unknown), "currency", "no rate for this currency; add it to the table rates")


def _check_key(sheet: Sheet) -> None:
    """Equal keys: in facts no row can be preferred, so all go; in structure those after the first are named."""
    about_key = about_table(sheet.schema)
    if about_key.adds_up:
        return
    key = list(about_key.key)
    frame = sheet.standing
    again = where(sheet, frame.duplicated(key, keep=False if about_key.fact else "first"))
    if len(again):
        twins = frame.groupby(key, sort=False, dropna=False).indices
        positions = frame.index.to_numpy()
        sharing = {int(positions[i]): positions[rows] for rows in twins.values() if len(rows) > 1 for i in rows}
        names = ", ".join(key)

        def sentence(row: int) -> str:
            other = next(int(twin) for twin in sharing[row] if twin != row)
            return f"the same {names} as row {sheet.line(other)}; each may occur once"

        sheet.reject(again, key[0], sentence)


def _check_sites(sheets: Sheets) -> None:
    sites = sheets["sites"]
    if not (sites.frame["kind"] == "origin").any():
        sites.refuse("no site is an origin; parts must come from one", "kind")
    frame = sites.standing
    homeless = frame["kind"].isin(["depot", "repair_point"]) & (frame["region"] == "")
    sites.reject(where(sites, homeless), "region", "empty, but depots and repair points belong to a region")
    frame = sites.standing
    depots = frame[frame["kind"] == "depot"]
    for region, of_region in depots.groupby("region"):
        if len(of_region) > 1:
            names = " and ".join(sorted(of_region["site"]))
            says = f"region {region} has the depots {names}; exactly one may serve it"
            sites.reject(of_region.index[1:].to_numpy(), "region", says)
    all_depots = sites.frame.loc[sites.frame["kind"] == "depot", "region"]
    orphans = (frame["kind"] == "repair_point") & ~frame["region"].isin(all_depots)
    sites.reject(where(sites, orphans), "region", "this region has no depot; exactly one must serve it")


def _check_lanes(sheets: Sheets) -> None:
    lanes = sheets["lanes"]
    frame = lanes.standing
    lanes.reject(where(lanes, frame["origin"] == frame["destination"]), "destination", "the same site as origin")
    for row, words in lanes.standing["departures"].items():
        try:
            departure_weekdays(words)
        except ValueError as error:
            lanes.reject([int(str(row))], "departures", str(error))


def _check_suppliers(sheets: Sheets) -> None:
    suppliers, sites = sheets["suppliers"], sheets["sites"].frame
    origins = sites.loc[sites["kind"] == "origin", "site"]
    elsewhere = ~suppliers.standing["site"].isin(origins)
    suppliers.reject(where(suppliers, elsewhere), "site", "no origin; suppliers deliver to a site of kind origin")


def _check_substitutes(sheets: Sheets) -> None:
    substitutes = sheets["substitutes"]
    itself = substitutes.standing["part"] == substitutes.standing["substitute"]
    substitutes.reject(where(substitutes, itself), "substitute", "the part itself; name another part")


def _check_service(sheets: Sheets) -> None:
    service = sheets["service"]
    frame = service.standing
    one = frame[list(_TARGETS)].notna().sum(axis=1) == 1
    pair = frame["within_days"].isna() == frame["share"].isna()
    says = "give exactly one of fill_rate, mean_wait_days, within_days with share, backorder_cost_per_day"
    service.reject(where(service, ~(one & pair)), "group", says)


def _check_events(sheets: Sheets) -> None:
    events = sheets["events"]
    for row, applies_to in events.standing["applies_to"].items():
        kind, _, name = applies_to.partition(":")
        if applies_to == "all":
            continue
        if kind not in _APPLIES_TO:
            words = ", ".join(f"{word}:" for word in _APPLIES_TO)
            events.reject([int(str(row))], "applies_to", f"write all, or one of {words} and an id")
        elif name not in (ids := known(sheets, _APPLIES_TO[kind])):
            events.reject([int(str(row))], "applies_to", _unknown_id(_APPLIES_TO[kind], ids)(name))


def _check_repairing_site(table: str) -> Callable[[Sheets], None]:
    def rule(sheets: Sheets) -> None:
        sheet, sites = sheets[table], sheets["sites"].frame
        origins = sites.loc[sites["kind"] == "origin", "site"]
        at_origin = sheet.standing["site"].isin(origins)
        sheet.reject(where(sheet, at_origin), "site", "an origin; parts are needed at a depot or repair point")

    return rule


def _leave_out_the_future(sheet: Sheet, column: str, as_of: date) -> None:
    """History ends with `as_of`: later rows are no facts yet."""
    future = where(sheet, sheet.standing[column] > pd.Timestamp(as_of))
    if len(future):
        sheet.warn(f"{len(future):,} rows after as_of {as_of} are left out, the first here", column, int(future[0]))
        sheet.good[future] = False


_RULES: dict[str, Callable[[Sheets], None]] = {
    "sites": _check_sites,
    "lanes": _check_lanes,
    "suppliers": _check_suppliers,
    "substitutes": _check_substitutes,
    "service": _check_service,
    "events": _check_events,
    "usage": _check_repairing_site("usage"),
    "stockouts": _check_repairing_site("stockouts"),
    "repair_orders": _check_repairing_site("repair_orders"),
}
