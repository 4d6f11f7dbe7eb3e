"""Named networks small enough to check by hand, shared by the tests of every room."""

import pandas as pd

from domain.network import Network
from storage.network_folder import network_from_tables

Tables = dict[str, pd.DataFrame]
Settings = dict[str, object]


def tiny_tables() -> tuple[Tables, Settings]:
    """One hub, two depots, four points, three parts, two models: the raw tables of a folder and its network.toml.

    Part numbers are hostile on purpose (`0001`, `22E1`, `NA`); `22E1` is dangerous goods and flies only to D1.
    History: 26 weeks before Sunday 2025-06-29, week 1 begins the day after.
    """
    settings: Settings = {
        "as_of": "2025-06-29",
        "currency": "USD",
        "horizon_weeks": 8,
        "order_line_cost": 2.0,
        "service": {"fill_rate": 0.9},
    }
    return {
        "sites": _frame(
            "site kind country region holding_rate_per_year",
            ("HUB", "origin", "CN", "", 0.20),
            ("D1", "depot", "RU", "R1", 0.25),
            ("D2", "depot", "KZ", "R2", None),
            ("P11", "repair_point", "RU", "R1", None),
            ("P12", "repair_point", "RU", "R1", None),
            ("P21", "repair_point", "KZ", "R2", None),
            ("P22", "repair_point", "KZ", "R2", None),
        ),
        "lanes": _frame(
            "origin destination mode transit_days transit_days_sd customs_days cost_per_kg cost_per_consignment "
            "consignment_kg departures dangerous_goods",
            ("HUB", "D1", "air", 5, 1.0, 2, 8.0, 0, None, "Mon Thu", True),
            ("HUB", "D1", "sea", 35, 4.0, 3, 0.9, 120, 500, "Wed", True),
            ("HUB", "D2", "air", 6, 1.0, 2, 7.0, 0, None, "Tue", False),
            ("HUB", "D2", "sea", 30, 4.0, 2, 1.1, 100, 500, "Fri", True),
            ("D1", "P11", "courier", 1, 0, 0, 1.5, 0, None, "", True),
            ("D1", "P12", "courier", 2, 0.5, 0, 1.8, 0, None, "", True),
            ("D2", "P21", "courier", 1, 0, 0, 1.2, 0, None, "", True),
            ("D2", "P22", "courier", 3, 0.5, 0, 2.0, 0, None, "", True),
        ),
        "suppliers": _frame("supplier site lead_time_days minimum_order_value", ("S1", "HUB", 14, 200.0)),
        "parts": _frame(
            "part name part_class unit_cost weight_kg volume_l dangerous_goods hs_code supplier moq order_multiple",
            ("0001", "Screen 6.1", "screen", 60.0, 0.30, 0.8, False, "852412", "S1", 5, 5),
            ("22E1", "Battery 5000", "battery", 15.0, 0.10, 0.1, True, "850760", "S1", 20, 10),
            ("NA", "USB-C port", "connector", 2.5, None, 0.02, False, "853669", "", 1, 1),
        ),
        "models": _frame(
            "model brand category launched warranty_months",
            ("X1", "Orbit", "phone", "2024-01-01", 12),
            ("X2", "Orbit", "phone", "2024-09-01", 24),
        ),
        "fitment": _frame(
            "model part quantity",
            ("X1", "0001", 1),
            ("X1", "22E1", 1),
            ("X1", "NA", 2),
            ("X2", "0001", 1),
            ("X2", "NA", 1),
        ),
        "sales": _frame(
            "month region model units",
            *(
                (f"2025-{month:02d}-01", region, model, units)
                for month in range(1, 9)
                for region, model, units in (("R1", "X1", 400), ("R1", "X2", 300), ("R2", "X1", 150))
            ),
        ),
        "usage": _usage(),
        "stock": _frame(
            "site part condition on_hand",
            ("HUB", "0001", "good", 40),
            ("HUB", "22E1", "good", 200),
            ("D1", "0001", "good", 12),
            ("D1", "22E1", "good", 30),
            ("D1", "NA", "defective", 3),
            ("D2", "0001", "good", 4),
            ("D2", "NA", "good", 10),
            ("P11", "0001", "good", 2),
            ("P12", "22E1", "good", 3),
            ("P21", "0001", "good", 1),
        ),
        "inbound": _frame(
            "order part destination origin lane quantity expected status",
            ("PO-7", "0001", "D1", "HUB", "HUB-D1-sea", 10, "2025-07-16", "shipped"),
        ),
        "repair_orders": _frame(
            "repair_order part site quantity due priority model",
            ("RO-1", "NA", "P11", 2, "2025-07-02", 1, "X1"),
            ("RO-1", "22E1", "P11", 1, "2025-07-02", 1, "X1"),
        ),
        "service": _frame(
            "group part_class fill_rate within_days share",
            ("screens", "screen", 0.95, None, None),
            ("batteries", "battery", 0.92, None, None),
        ),
        "duties": _frame(
            "country hs_prefix duty_rate vat_rate vat_recoverable",
            ("RU", "", 0.05, 0.20, True),
            ("RU", "8507", 0.10, 0.20, True),
            ("KZ", "", 0.04, 0.12, False),
        ),
    }, settings


def tiny_network() -> Network:
    """`tiny_tables` read and checked."""
    return network_from_tables(*tiny_tables())[0]


def _usage() -> pd.DataFrame:
    """26 weeks in which every point uses its parts on one day a week, in a fixed rhythm; one case was not served."""
    mondays = pd.date_range("2024-12-30", periods=26, freq="7D")
    rhythm = [("P11", "0001", 2), ("P11", "22E1", 1), ("P12", "0001", 3), ("P12", "NA", 2)]
    rhythm += [("P21", "0001", 3), ("P21", "22E1", 4), ("P22", "NA", 5), ("P22", "0001", 7)]
    rows = [
        (f"{monday + pd.Timedelta(days=row % 5):%Y-%m-%d}", site, part, "X1", "used", 1 + week % 2)
        for week, monday in enumerate(mondays)
        for row, (site, part, every) in enumerate(rhythm)
        if week % every == 0
    ]
    return _frame("date site part model kind quantity", *rows, ("2025-06-20", "P22", "0001", "X1", "unmet", 1))


def _frame(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns.split())
