"""Networks with depots whose opening is the question."""

from typing import Any

import pandas as pd

from domain.network import Network
from storage.network_folder import network_from_tables
from tests.networks import Settings, Tables, tiny_tables


def candidate_tables(parts: list[str], candidates: dict[str, tuple[str, float, list[str]]]) -> tuple[Tables, Settings]:
    """The tiny network with these parts, three weeks and air alone, and candidates.

    candidates: site → the depot whose country and lanes from the hub it has, its opening cost, the points it reaches
    by a courier of one day.
    """
    tables, settings = tiny_tables()
    del tables["sales"]  # demand from its own history: quick to forecast
    for name, frame in tables.items():
        if "part" in frame:
            tables[name] = frame[frame["part"].isin(parts)].reset_index(drop=True)
    lanes = tables["lanes"]
    tables["lanes"] = lanes[lanes["mode"] != "sea"].assign(dangerous_goods=True).reset_index(drop=True)
    tables["inbound"] = tables["inbound"].assign(lane="HUB-D1-air")
    from_hub = tables["lanes"][tables["lanes"]["origin"] == "HUB"]
    for number, (site, (like, opening, points)) in enumerate(sorted(candidates.items())):
        country = tables["sites"].set_index("site").at[like, "country"]
        new = {"site": site, "kind": "depot", "country": country, "region": f"N{number}"}
        add(tables, "sites", new | {"opening_cost_per_year": opening, "holding_rate_per_year": 0.25})
        for lane in from_hub[from_hub["destination"] == like].to_dict("records"):
            add(tables, "lanes", {str(name): value for name, value in lane.items()} | {"destination": site})
        for point in points:
            reach(tables, site, point, 1)
    return tables, settings | {"horizon_weeks": 3}


def reach(tables: Tables, depot: str, point: str, days: float, cost_per_kg: float = 1.0) -> None:
    """A courier lane from a depot to a point."""
    lane = {"origin": depot, "destination": point, "mode": "courier", "transit_days": days}
    add(tables, "lanes", lane | {"cost_per_kg": cost_per_kg, "dangerous_goods": True})


def add(tables: Tables, name: str, row: dict[str, Any]) -> None:
    """One more row of a raw table."""
    tables[name] = pd.concat([tables[name], pd.DataFrame([row])], ignore_index=True)


def network_of(raw: tuple[Tables, Settings]) -> Network:
    """The tables read and checked."""
    return network_from_tables(*raw)[0]
