"""Networks for planning as a whole: the tiny one, and a slice of the small demo in which the rules bind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from domain.forecast import Forecast
from domain.network import Network
from domain.plan import Plan
from reports.documents import documents
from scenarios.run import Run, run_plan
from simulation.demo import generate
from storage.network_writing import write_tables
from storage.plan_folder import PlanFolder
from tests.networks import tiny_tables

Raw = tuple[dict[str, pd.DataFrame], dict[str, object]]
_SCALED = ("capacity_kg_per_week", "capacity_m3_per_week", "consignment_kg")


def tiny() -> Raw:
    """The tiny network, its lanes named."""
    tables, settings = tiny_tables()
    lanes = tables["lanes"]
    ends = zip(lanes["origin"], lanes["destination"], lanes["mode"], strict=True)
    tables["lanes"] = lanes.assign(lane=["-".join(names) for names in ends])
    return tables, settings


def slice_of_demo(every: int) -> Raw:
    """Every n-th part of the small demo with its rows, budget and lane capacity reduced in proportion."""
    demo = generate("small", seed=1)
    parts = set(demo.tables["parts"]["part"].iloc[::every])
    share = len(parts) / len(demo.tables["parts"])
    tables = {}
    for name, frame in demo.tables.items():
        for column in {"part", "substitute"} & set(frame.columns):
            frame = frame[frame[column].isin(parts)]
        if len(frame):
            tables[name] = frame.reset_index(drop=True)
    lanes = tables["lanes"]
    tables["lanes"] = lanes.assign(**{column: lanes[column] * share for column in _SCALED})
    budget = demo.settings["budget_per_period"]
    assert isinstance(budget, float)
    return tables, {**demo.settings, "budget_per_period": budget * share}


def shuffled(raw: Raw, seed: int) -> Raw:
    """The same network with rows and columns of every table in another order.

    Rows of `service` stay: the first one that fits counts, so their order is what they say.
    """
    rng = np.random.default_rng(seed)
    tables = {}
    for name, frame in raw[0].items():
        rows = np.arange(len(frame)) if name == "service" else rng.permutation(len(frame))
        tables[name] = frame.iloc[rows, rng.permutation(frame.shape[1])].reset_index(drop=True)
    return tables, raw[1]


def no_documents(*_: Network | Forecast | Plan | PlanFolder | dict[str, Any] | None) -> Mapping[str, bytes]:
    """Nothing for people to read: saves the seconds that drawing takes."""
    return {}


def planned(raw: Raw, folder: Path, *, read_by_people: bool = False) -> Run:
    """Write the network into `folder`/network and plan it into `folder`/plan."""
    write_tables(*raw, folder / "network")
    return run_plan(folder / "network", folder / "plan", documents=documents if read_by_people else no_documents)
