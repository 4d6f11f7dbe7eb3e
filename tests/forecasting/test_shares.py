"""How a region's demand falls on its points."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from forecasting.history import read_history
from forecasting.shares import point_shares
from tests.networks import tiny_network


@pytest.fixture(scope="module")
def network() -> Network:
    """The tiny network."""
    return tiny_network()


def shares(network: Network, discount: float = 1.0) -> dict[tuple[str, str], float]:
    """Share by part and site, batch index 1."""
    history = read_history(network, 8)
    ones = np.ones(len(history.part))
    leaf, site, share = point_shares(network, history, ones, discount * ones)
    assert (np.diff(leaf) >= 0).all()
    np.testing.assert_allclose(np.bincount(leaf, share, len(history.part)), 1.0, rtol=1e-12)
    return dict(zip(zip(history.part[leaf], site, strict=True), share.tolist(), strict=True))


def synthetic(network: Network, wanted: np.ndarray) -> Network:
    """A network whose part i was wanted `wanted[i]` times at P11 and P12, in one week."""
    parts = [f"N{i:04d}" for i in range(len(wanted))]
    usage = pd.DataFrame(
        {"part": np.repeat(parts, 2), "site": np.tile(["P11", "P12"], len(parts)), "quantity": wanted.ravel()}
    )
    usage = usage.assign(date=pd.Timestamp("2025-06-24"), model="", ticket="", kind="used")
    table = pd.concat([network.parts.iloc[[0]]] * len(wanted), ignore_index=True).assign(part=parts)
    return replace(network, parts=table, usage=usage, sales=network.sales.iloc[:0], fitment=network.fitment.iloc[:0])


def test_shares_follow_the_evidence_of_a_part(network: Network) -> None:
    """A part wanted at one point only belongs there; every point keeps something, every region adds to 1."""
    found = shares(network)
    assert found["22E1", "P11"] > 0.95
    assert found["NA", "P12"] > 0.9
    assert found["22E1", "P12"] > 0
    assert len(found) == 12


def test_a_part_without_demand_has_the_mix_of_its_region(network: Network) -> None:
    """Without evidence the prior decides: the region's overall mix."""
    rng = np.random.default_rng(0)
    wanted = np.vstack([rng.multinomial(40, [0.75, 0.25], 50), [[0, 0]]])
    quiet = synthetic(network, wanted)
    sold = network.sales.iloc[[0]].assign(region="R1", model="X1")
    fits = network.fitment.iloc[[0]].assign(model="X1", part="N0050")
    found = shares(replace(quiet, sales=sold, fitment=fits))
    assert found["N0050", "P11"] == pytest.approx(wanted[:, 0].sum() / wanted.sum(), abs=0.01)


def test_parts_with_the_same_mix_are_pooled_others_are_not(network: Network) -> None:
    """Where parts differ by chance only, shares are nearly the region's; where they differ truly, nearly their own."""
    rng = np.random.default_rng(1)
    alike = rng.multinomial(20, [0.6, 0.4], 200)
    apart = np.array([rng.multinomial(20, [p, 1 - p]) for p in rng.beta(0.5, 0.5, 200)])
    pooled = np.array([share for (_, site), share in shares(synthetic(network, alike)).items() if site == "P11"])
    own = np.array([share for (_, site), share in shares(synthetic(network, apart)).items() if site == "P11"])
    assert pooled.std() < 0.3 * (alike[:, 0] / 20).std()
    assert np.abs(own - apart[:, 0] / 20).max() < 0.06


def test_recent_demand_counts_more_when_evidence_is_discounted(network: Network) -> None:
    """A part whose demand moved from one point to the other follows it, the faster the stronger the discount."""
    usage = network.usage[network.usage["part"] == "22E1"]
    late = usage["date"] > "2025-05-01"
    moved = network.usage.assign(
        site=network.usage["site"].where(~(late.reindex(network.usage.index, fill_value=False)), "P12")
    )
    moved = moved[moved["site"].isin(["P11", "P12"])]
    steady, quick = (shares(replace(network, usage=moved), discount)["22E1", "P12"] for discount in (1.0, 0.8))
    assert quick > steady + 0.2


def test_a_depot_is_a_point_where_it_repairs(network: Network) -> None:
    """A depot has a share only if parts were wanted there, or if its region has no points."""
    assert not any(site.startswith("D") for _, site in shares(network))
    at_depot = network.usage.assign(site=network.usage["site"].replace("P11", "D1"))
    assert shares(replace(network, usage=at_depot))["22E1", "D1"] > 0.9
    pointless = network.sites[~network.sites["site"].isin(["P21", "P22"])]
    usage = network.usage[~network.usage["site"].isin(["P21", "P22"])]
    assert shares(replace(network, sites=pointless, usage=usage))["0001", "D2"] == 1.0
