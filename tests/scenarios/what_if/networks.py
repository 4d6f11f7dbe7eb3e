"""The tiny network with everything the library and the examples of all kinds ask for."""

import pandas as pd

from domain.network import Network
from storage.network_folder import network_from_tables
from tests.networks import tiny_tables


def rich_network() -> Network:
    """`tiny_tables` with roubles, trains, a budget, two brands and categories, an owner, orders from a supplier."""
    tables, settings = tiny_tables()
    settings |= {"budget_per_period": 5000.0}
    tables["rates"] = pd.DataFrame({"currency": ["RUB", "CNY"], "per_base": ["82", "7.15"]})
    tables["budgets"] = pd.DataFrame({"start": ["2025-07-28"], "currency": ["CNY"], "amount": ["30000"]})
    lanes = tables["lanes"].assign(currency="USD")
    lanes.loc[lanes["mode"] == "courier", "currency"] = "RUB"
    train = lanes[lanes["mode"] == "sea"].assign(mode="rail", transit_days=20, cost_per_kg=3.0)
    tables["lanes"] = pd.concat([lanes, train])
    tables["parts"] = tables["parts"].assign(currency=["CNY", "USD", "USD"])
    tables["models"] = tables["models"].assign(brand=["Orbit", "Comet"], category=["phone", "tablet"])
    tables["sites"] = tables["sites"].assign(owner=["", "A", "B", "A", "A", "B", "B"])
    tables["stock"] = tables["stock"].assign(owner="")
    twice = {"site": "D1", "part": "0001", "condition": "good", "on_hand": 5, "owner": "A"}
    recalled = {"site": "D1", "part": "0001", "condition": "quarantine", "on_hand": 2, "owner": ""}
    tables["stock"] = pd.concat([tables["stock"], pd.DataFrame([twice, recalled])])
    bought = {"order": "PO-8", "part": "0001", "destination": "HUB", "quantity": 25, "expected": "2025-07-10"}
    sailing = {"order": "T-1", "part": "NA", "destination": "D2", "origin": "HUB", "lane": "HUB-D2-rail", "quantity": 9}
    flying = sailing | {"order": "T-2", "lane": "HUB-D2-air", "expected": "2025-07-15", "status": "shipped"}
    more = [bought | {"status": "ordered"}, sailing | {"expected": "2025-07-20", "status": "customs"}, flying]
    tables["inbound"] = pd.concat([tables["inbound"], pd.DataFrame(more)])
    tables["overrides"] = pd.DataFrame(
        [("22E1", "R1", "2025-07-07", "2025-08-24", 6.0, "A. Petrova", "campaign", "2025-06-25")],
        columns=["part", "region", "start", "end", "quantity_per_week", "author", "reason", "created"],
    )
    rows = [("C-1", "HUB-D1-air", "2025-05-05", "2025-05-12"), ("C-2", "HUB-D1-sea", "2025-04-02", "2025-05-10")]
    tables["past_consignments"] = pd.DataFrame(rows, columns=["consignment", "lane", "shipped", "received"])
    tables["receipts"] = pd.DataFrame(
        [("2025-05-12", "D1", "0001", "T-0", "HUB", "HUB-D1-air", 4)],
        columns=["date", "site", "part", "order", "origin", "lane", "quantity"],
    )
    return network_from_tables(tables, settings)[0]
