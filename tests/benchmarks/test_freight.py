"""Rates and lead times fitted to dirty shipments."""

import os
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.freight import SHIPMENTS, Freight, fit_freight, read_shipments

COLUMNS = (
    "Shipment Mode,Weight (Kilograms),Freight Cost (USD),Line Item Insurance (USD),Line Item Value,"
    "PO Sent to Vendor Date,Scheduled Delivery Date,Delivered to Client Date"
)


def test_cells_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    """A reference in place of a weight, a date not captured, an order after its delivery: each is missing, its row is
    not."""
    rows = (
        "Air,100,900,2,1000,1/2/08,03-Mar-08,05-Mar-08",
        "Air,See DN-304 (ID#:10589),Freight Included in Commodity Cost,,0,Date Not Captured,01-Sept-08,30-Aug-08",
        "Ocean,Weight Captured Separately,700,3,1000,6/1/08,03-Mar-08,05-Mar-08",
        "Air Charter,1,1,1,1,1/2/08,03-Mar-08,05-Mar-08",
    )
    pd.Series([COLUMNS, *rows]).to_csv(
        tmp_path / SHIPMENTS, index=False, header=False, quoting=3, sep="\n", compression="gzip"
    )
    found = read_shipments(tmp_path)
    assert found["mode"].tolist() == ["air", "air", "sea"]
    assert found["kg"].fillna(-1).tolist() == [100, -1, -1]
    assert found["freight"].fillna(-1).tolist() == [900, -1, 700]
    assert found["insured"].fillna(-1).tolist() == [0.002, -1, 0.003]
    assert found["days"].fillna(-1).tolist() == [63, -1, -1]
    assert found["late"].tolist() == [2, -2, 2]


def test_an_outlier_does_not_move_a_fit() -> None:
    """One absurd weight, freight or date among a hundred leaves rate and days, and moves a quartile by a day."""
    shipments = pd.DataFrame(
        {"mode": "air", "kg": 10.0, "freight": 50.0, "insured": 0.002, "days": range(30, 130), "late": 0.0}
    )
    spoilt = shipments.copy()
    spoilt.loc[50, ["kg", "freight", "insured", "days"]] = 1.0, 1e9, 5.0, 9000
    clean, found = fit_freight(shipments), fit_freight(spoilt)
    assert (found.modes, found.insurance_rate) == (clean.modes, clean.insurance_rate)
    assert clean.modes["air"].cost_per_kg == 5.0
    assert found.supplier_days == pytest.approx(clean.supplier_days, abs=1)


@pytest.mark.skipif("ZAPAS_REAL_DATA" not in os.environ, reason="no real data")
def test_real_rates_are_those_known_of_the_shipments() -> None:
    """Median freight per kg is near 10.0 USD by air, 2.5 by truck and 1.7 by sea; the dearer, the quicker from afar."""
    freight: Freight = fit_freight(read_shipments(Path(os.environ["ZAPAS_REAL_DATA"])))
    known = {"air": 10.0, "road": 2.5, "sea": 1.7}
    assert {mode: fit.cost_per_kg for mode, fit in freight.modes.items()} == pytest.approx(known, rel=0.07)
    assert freight.modes["air"].days < freight.modes["sea"].days
    assert freight.modes["air"].days_sd < freight.modes["sea"].days_sd
    assert list(freight.supplier_days) == sorted(freight.supplier_days)
    assert 0.001 < freight.insurance_rate < 0.003
