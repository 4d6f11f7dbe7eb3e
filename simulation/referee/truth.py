"""The demo's hidden truth as a law of demand: what no planner knows."""

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network
from simulation.referee.bursts import DemandLaw
from simulation.referee.case import Case
from simulation.referee.places import day_number, shares_upto


def true_places(network: Network, truth: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Part × site pairs where the truth has demand from week 1 on."""
    ahead = _ahead(network, truth)
    leaves = ahead[["part", "region"]].drop_duplicates()
    sites = truth["shares"][["site"]].assign(region=truth["shares"]["site"].map(network.site_of["region"]))
    return leaves.merge(sites, on="region")[["part", "site"]]


def true_law(case: Case, truth: dict[str, pd.DataFrame]) -> DemandLaw:
    """Mean demand by week, known exactly; batches; the same shares of the points for every part."""
    ahead, rows = _ahead(case.network, truth), case.rows
    leaf = rows.leaf_row(ahead["part"], ahead["region"])
    week = (day_number(case.network, ahead["week"]) / DAYS_PER_WEEK).astype(np.int64)
    mean = np.zeros((len(rows.leaves), int(week.max(initial=0)) + 1))
    mean[leaf, week] = ahead["mean"].to_numpy(float)
    psi = truth["leaves"].set_index(["part", "region"])["batch_index"]
    psi = psi.reindex(pd.MultiIndex.from_frame(rows.leaves[["part", "region"]])).fillna(1.0)
    share = rows.points["site"].map(truth["shares"].set_index("site")["share"]).fillna(0.0).to_numpy(float)
    known, still = np.full(len(mean), np.inf), np.zeros(len(mean))
    upto = shares_upto(rows, rows.points["part"], rows.points["site"], share)
    return DemandLaw(mean, np.maximum(psi.to_numpy(float), 1.0), known, np.ones(len(mean)), still, upto)


def _ahead(network: Network, truth: dict[str, pd.DataFrame]) -> pd.DataFrame:
    demand = truth["demand"]
    week = pd.to_datetime(demand["week"])
    ahead = demand[(week > pd.Timestamp(network.settings.as_of)) & (demand["mean"] > 0)]
    ahead = ahead.assign(
        week=pd.to_datetime(ahead["week"]), part=ahead["part"].astype(object), region=ahead["region"].astype(object)
    )
    return ahead[ahead["part"].isin(network.parts["part"])]
