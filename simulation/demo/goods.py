"""What parts weigh and cost, who makes them, and in what lots they are sold."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulation.demo.catalogue import CATEGORY_NAMES, CLASS_NAMES, Catalogue, variant_words
from simulation.demo.geography import HUB, RATES
from simulation.demo.part_classes import CLASSES
from simulation.demo.sizes import (
    AS_OF,
    HORIZON_WEEKS,
    MONTHS,
    MONTHS_SOLD,
    Days,
    Floats,
    Ints,
    Size,
    Texts,
    months,
    stream,
)

LARGE_LOT_SHARE = 0.25  # of parts: minimum order above half a year's demand
_LARGE_LOT = 1.3  # times half a year's demand
_LOTS = np.array([1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 20_000])
_NO_SUPPLIER_SHARE = 0.03
_SUPPORT_MONTHS = 60  # of parts, after the last sales
_LAST_ORDER_SHARE = 0.04  # of parts of models no longer sold: their maker takes last orders


@dataclass(frozen=True)
class Goods:
    """Every part as an article, shape (parts,): unit_cost in USD, packed kg and litres, supplier (row in `suppliers`,
    −1: none), supplier days and money, minimum order and order multiple in pieces."""

    unit_cost: Floats
    weight_kg: Floats
    volume_l: Floats
    supplier: Ints
    lead_time_days: Floats
    moq: Ints
    multiple: Ints
    suppliers: pd.DataFrame

    @property
    def supplier_name(self) -> Texts:
        """Supplier id of each part, "" for none."""
        names = np.append(self.suppliers["supplier"].to_numpy(dtype=object), "")
        return np.asarray(names[self.supplier])


def goods(size: Size, seed: int, found: Catalogue, half_year: Floats) -> Goods:
    """Draw articles and suppliers. half_year: pieces all regions want in half a year, shape (parts,).

    LARGE_LOT_SHARE of the parts, cheap ones and slow movers first, come in lots of more than that.
    """
    rng = stream(seed, "goods")
    parts = found.parts
    n = len(parts.part)
    of_class = [CLASSES[CLASS_NAMES[c]] for c in parts.part_class]
    low, high = np.log(np.array([c.cost for c in of_class])).T
    unit_cost = np.round(np.exp(low + parts.tier * (high - low)), 2)
    suppliers = _suppliers(size, rng)
    supplier = _supplier_of_part(size, found, rng)
    multiple = np.where(unit_cost < 1.0, 10, np.where(unit_cost < 4.0, 5, 1))
    multiple = np.where(half_year < 8 * multiple, 1, multiple)
    weeks = rng.uniform(0.5, 4.0, n)
    moq = _LOTS[np.searchsorted(_LOTS, np.maximum(half_year / HORIZON_WEEKS * weeks, 1.0))]
    turnover = half_year * unit_cost * rng.lognormal(0, 0.5, n)
    large = np.zeros(n, dtype=bool)
    large[np.argsort(turnover, kind="stable")[: round(LARGE_LOT_SHARE * n)]] = True
    lot = _LOTS[np.searchsorted(_LOTS, np.maximum(half_year * _LARGE_LOT, 2.0) * rng.uniform(1.0, 1.6, n))]
    moq = np.where(large, lot, moq)
    return Goods(
        unit_cost=unit_cost,
        weight_kg=np.round(np.array([c.weight_kg for c in of_class]) * rng.lognormal(0, 0.12, n), 4),
        volume_l=np.round(np.array([c.volume_l for c in of_class]) * rng.lognormal(0, 0.15, n), 4),
        supplier=supplier,
        lead_time_days=np.append(suppliers["lead_time_days"].to_numpy(dtype=float), 0.0)[supplier],
        moq=-(-moq // multiple) * multiple,
        multiple=multiple,
        suppliers=suppliers,
    )


def _suppliers(size: Size, rng: np.random.Generator) -> pd.DataFrame:
    n = size.suppliers
    days = rng.integers(5, 26, n)
    foreign = rng.random(n) < 0.6
    minimum = np.where(rng.random(n) < 0.25, rng.choice([100, 200, 300], n), 0)
    return pd.DataFrame(
        {
            "supplier": [f"S{number:03d}" for number in range(1, n + 1)],
            "site": HUB.code,
            "lead_time_days": days,
            "lead_time_days_sd": np.round(days * rng.uniform(0.1, 0.35, n), 1),
            "minimum_order_value": np.where(foreign, np.round(minimum * RATES["CNY"], -1), minimum),
            "currency": np.where(foreign, "CNY", "USD").astype(object),
        }
    )


def _supplier_of_part(size: Size, found: Catalogue, rng: np.random.Generator) -> Ints:
    """A supplier makes a few classes; a brand buys each class from one; some small parts come from the market."""
    makers = [rng.choice(size.suppliers, max(2, size.suppliers // 8), replace=False) for _ in CLASS_NAMES]
    habit = rng.integers(0, 1_000_000, (size.brands, len(CLASS_NAMES)))
    classes, brands = found.parts.part_class, found.parts.brand_number
    supplier = np.array([makers[c][habit[b, c] % len(makers[c])] for c, b in zip(classes, brands, strict=True)])
    small = np.array([CLASSES[name].criticality == "C" for name in CLASS_NAMES])[classes]
    market = small & (rng.random(len(classes)) < _NO_SUPPLIER_SHARE / max(float(small.mean()), 0.03))
    return np.where(market, -1, supplier)


def parts_table(seed: int, found: Catalogue, made: Goods) -> pd.DataFrame:
    """The table `parts`; costs in the supplier's currency."""
    rng = stream(seed, "articles")
    parts = found.parts
    n = len(parts.part)
    of_class = [CLASSES[CLASS_NAMES[c]] for c in parts.part_class]
    currency = np.append(made.suppliers["currency"].to_numpy(dtype=object), "USD")[made.supplier]
    per_usd = np.where(currency == "CNY", RATES["CNY"], 1.0)
    words = [variant_words(parts, row) for row in range(n)]
    repair = np.array([c.repair or (0.0, 0.0, 14, 0.0) for c in of_class])
    sold_until = _last_month_sold(found)
    ending = (sold_until <= MONTHS_SOLD) & (rng.random(n) < _LAST_ORDER_SHARE)
    last_order = np.where(ending, np.datetime64(AS_OF, "D") + rng.integers(40, 160, n), np.datetime64("NaT"))
    return pd.DataFrame(
        {
            "part": parts.part,
            "name": [_named(c.name, m, w[0]) for c, m, w in zip(of_class, parts.made_for, words, strict=True)],
            "name_zh": [_named(c.name_zh, m, w[1]) for c, m, w in zip(of_class, parts.made_for, words, strict=True)],
            "name_ru": [_named(c.name_ru, m, w[2]) for c, m, w in zip(of_class, parts.made_for, words, strict=True)],
            "part_class": [CLASS_NAMES[c] for c in parts.part_class],
            "unit_cost": np.round(made.unit_cost * per_usd, 2),
            "currency": currency,
            "weight_kg": made.weight_kg,
            "volume_l": made.volume_l,
            "dangerous_goods": parts.dangerous,
            "hs_code": [c.hs_code for c in of_class],
            "supplier": made.supplier_name,
            "moq": made.moq,
            "order_multiple": made.multiple,
            "shelf_life_days": pd.array([c.shelf_life_days for c in of_class], dtype="Int64"),
            "criticality": [c.criticality for c in of_class],
            "support_until": pd.to_datetime(_month(sold_until + _SUPPORT_MONTHS)),
            "last_order_by": pd.to_datetime(last_order),
            "return_rate": repair[:, 0],
            "repair_yield": repair[:, 1],
            "repair_days": repair[:, 2].astype(np.int64),
            "repair_cost": repair[:, 3],
        }
    )


def _named(part_class: str, made_for: str, variant: str) -> str:
    return ", ".join(word for word in (f"{part_class} {made_for}", variant) if word)


def _last_month_sold(found: Catalogue) -> Ints:
    """Months after the calendar's first until the last model a part fits goes off sale; it is supported from there."""
    end = np.zeros(len(found.parts.part), dtype=np.int64)
    np.maximum.at(end, found.fitment.part, (found.models.launch + found.models.life)[found.fitment.model])
    return end


def _month(number: Ints) -> Days:
    return np.asarray((months()[0].astype("datetime64[M]") + number).astype("datetime64[D]"))


def models_table(seed: int, found: Catalogue) -> pd.DataFrame:
    """The table `models`: sales ends further away than the calendar of sales are not yet known."""
    rng = stream(seed, "model dates")
    models = found.models
    end = models.launch + models.life
    launched = _month(models.launch) + rng.integers(0, 20, len(models.model))
    sales_end = np.where(end <= MONTHS, _month(end) - 1, np.datetime64("NaT"))
    return pd.DataFrame(
        {
            "model": models.model,
            "brand": models.brand,
            "category": [CATEGORY_NAMES[c] for c in models.category],
            "launched": pd.to_datetime(launched),
            "sales_end": pd.to_datetime(sales_end),
            "support_until": pd.to_datetime(_month(end + _SUPPORT_MONTHS)),
            "warranty_months": models.warranty_months,
            "aliases": models.name,
        }
    )
