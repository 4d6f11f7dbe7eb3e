"""Which models are sold where, and so which parts are wanted: pairs of a region and a model, part or fitment row."""

from dataclasses import dataclass

import numpy as np

from simulation.demo.catalogue import Catalogue
from simulation.demo.sizes import Bools, Floats, Ints, Size, stream


@dataclass(frozen=True)
class Pairs:
    """Rows of a region and an item, sorted by both. region, item: numbers, shape (rows,). start: first row of each
    region and one past the last, shape (regions + 1,). items: how many there are in all regions."""

    region: Ints
    item: Ints
    start: Ints
    items: int

    @classmethod
    def where(cls, present: Bools) -> "Pairs":
        """The pairs that are true in a table of shape (regions, items)."""
        region, item = np.nonzero(present)
        return cls(region, item, np.searchsorted(region, np.arange(len(present) + 1)), present.shape[1])

    def of(self, region: int) -> slice:
        """The rows of a region."""
        return slice(int(self.start[region]), int(self.start[region + 1]))

    def rows(self, region: int, items: Ints) -> Ints:
        """The rows of these items in a region that has them all, shape of `items`."""
        return np.asarray(self.start[region] + np.searchsorted(self.item[self.of(region)], items))

    def over_regions(self, values: Floats) -> Floats:
        """Values of the rows added up over the regions of each item, in the order of regions, shape (items,)."""
        return np.bincount(self.item, values, self.items).astype(float)


@dataclass(frozen=True)
class Markets:
    """What is sold and wanted where. leaves: the pairs of region and part."""

    models: Pairs
    leaves: Pairs
    fitment: Pairs


def markets(size: Size, seed: int, found: Catalogue) -> Markets:
    """Every brand in every region, or each in as many as the size says: one that is its home, others by lot.

    Every region is some brand's home where there are as many brands.
    """
    sold = np.ones((len(size.regions), size.brands), dtype=np.bool_)
    if size.regions_of_a_brand is not None:
        rng = stream(seed, "markets")
        least, most = size.regions_of_a_brand
        home = np.arange(size.brands) % len(size.regions)
        order = rng.random(sold.shape)
        order[home, np.arange(size.brands)] = -1.0
        sold = order.argsort(axis=0).argsort(axis=0) < rng.integers(least, most + 1, size.brands)
    by_model = sold[:, found.models.brand_number]
    return Markets(
        models=Pairs.where(by_model),
        leaves=Pairs.where(sold[:, found.parts.brand_number]),
        fitment=Pairs.where(by_model[:, found.fitment.model]),
    )
