"""The ways of emergency supply: laterals to a point from points and other depots, express from its hub; by part."""

from typing import Any

import numpy as np
import pandas as pd

from domain.calendar import departure_weekdays
from domain.logistics import hub_of_part
from domain.network import Network
from simulation.referee.board import HUB
from simulation.referee.consignments import true_lanes
from simulation.referee.places import Map

_COLUMNS = ["point_row", "lane", "source", "days", "sd", "weekdays"]
NO_WAYS = pd.DataFrame(columns=_COLUMNS, dtype=float)


def ways_of(network: Network, rows: Map, laws: pd.DataFrame | None) -> pd.DataFrame:
    """Every lane that can bring a part to a point from another point, another region's depot or its hub, and may carry
    it.

    Columns point_row, lane (row of the lanes table), source (local code), days, sd, weekdays (bits, 0: Monday), sorted
    by point, laterals first, the fastest first.
    """
    lanes = true_lanes(network.lanes, laws).reset_index(drop=True)
    kind = network.site_of["kind"]
    lanes = pd.DataFrame(
        {
            "lane": np.arange(len(lanes)),
            "origin": lanes["origin"],
            "site": lanes["destination"],
            "days": lanes["transit_days"] + lanes["customs_days"],
            "sd": np.hypot(lanes["transit_days_sd"], lanes["customs_days_sd"]),
            "weekdays": [sum(1 << day for day in departure_weekdays(str(text))) for text in lanes["departures"]],
            "carries": lanes["dangerous_goods"],
        }
    )
    own = lanes["site"].map(network.site_of["region"]).map(network.depot_of_region)
    lanes = lanes[(lanes["site"].map(kind) == "repair_point") & (lanes["origin"] != own)]
    parts = network.parts.assign(hub=hub_of_part(network)).set_index("part")[["hub", "dangerous_goods"]]
    points = rows.points[["part", "site"]].assign(point_row=np.arange(len(rows.points)))
    ways = points.join(parts, on="part").merge(lanes, on="site")
    lateral = ways["origin"].map(kind) != "origin"
    ways["source"] = HUB
    ways.loc[lateral, "source"] = rows.site_code(network, parts["hub"], ways["part"][lateral], ways["origin"][lateral])
    known = np.where(lateral, ways["source"] > HUB, ways["origin"] == ways["hub"])
    ways = ways[known & (ways["carries"] | ~ways["dangerous_goods"])].assign(express=ways["source"] == HUB)
    return ways.sort_values(["point_row", "express", "days", "lane"], kind="stable", ignore_index=True)[_COLUMNS]


def way_columns(ways: pd.DataFrame, points: int) -> dict[str, Any]:
    """The ways as the board has them."""
    return {
        "way_start": np.searchsorted(ways["point_row"].to_numpy(), np.arange(points + 1)),
        "way_source": ways["source"].to_numpy(np.int64),
        "way_days": ways["days"].to_numpy(float),
        "way_sd": ways["sd"].to_numpy(float),
        "way_weekdays": ways["weekdays"].to_numpy(np.int64),
    }
