"""Brands, models and the parts they share."""

from dataclasses import dataclass
from heapq import heapify, heapreplace

import numpy as np

from simulation.demo.part_classes import CATEGORIES, CLASSES, COLOURS, DANGEROUS_SHARE, PIECES
from simulation.demo.sizes import MONTHS_SOLD, Bools, Floats, Ints, Size, Texts, stream

CATEGORY_NAMES = tuple(CATEGORIES)
CLASS_NAMES = tuple(CLASSES)
MOST_VARIANTS = 4
_SYLLABLES = (
    ("Zor", "Qel", "Vyl", "Kex", "Ory", "Hesh", "Jav", "Bruz", "Fenj", "Ruv", "Gluv", "Ilv", "Mez", "Urk", "Wem",
     "Yast", "Cham", "Drel", "Tuq", "Plim"),
    ("va", "mi", "lo", "ra", "xi", "to", "ne", "ku"),
    ("nta", "lix", "dor", "ven", "sha", "ria", "lune", "zen", "bru", "fal"),
)  # fmt: skip


@dataclass(frozen=True)
class Models:
    """Every model. category: number in CATEGORY_NAMES. launch, life: months on the calendar of sales, months on sale.

    volume: relative sales. tier in 0..1: how dear. platform: models with the same number share most parts.
    """

    model: Texts
    name: Texts
    brand: Texts
    brand_number: Ints
    category: Ints
    platform: Ints
    launch: Ints
    life: Ints
    warranty_months: Ints
    volume: Floats
    tier: Floats


@dataclass(frozen=True)
class Parts:
    """Every part. part_class: number in CLASS_NAMES. first_model: one it fits. twin: row of the part it can replace
    or −1. tier in 0..1: how dear within its class. made_for: name of the first model or the brand it is for.
    """

    part: Texts
    part_class: Ints
    variant: Ints
    twin: Ints
    made_for: Texts
    tier: Floats
    dangerous: Bools
    brand_number: Ints


@dataclass(frozen=True)
class Fitment:
    """Which part fits which model: rows sorted by model.

    failures: expected repairs per device in its first year that this part causes. companion: this row is what other
    repairs of the model need on top. pieces: used by one repair.
    """

    model: Ints
    part: Ints
    failures: Floats
    companion: Bools
    pieces: Ints


@dataclass(frozen=True)
class Catalogue:
    """Models, parts and fitment of one demo."""

    models: Models
    parts: Parts
    fitment: Fitment


def catalogue(size: Size, seed: int) -> Catalogue:
    """Draw the models, give each platform its parts, and tell parts apart by colour or revision until there are
    `size.parts` of them. Raises ValueError if the size asks for fewer or more parts than its models can have."""
    models = _models(size, stream(seed, "models"))
    group_class, group_model, row_model, row_group = _groups(models)
    rng = stream(seed, "parts")
    share = _mix_of_rows(models, row_model, group_class[row_group])
    failures = share * rng.lognormal(-0.06, 0.35, len(share))
    wanted: Floats = np.bincount(row_group, failures * models.volume[row_model]).astype(float)
    variants = _variants(group_class, wanted, size.parts)

    first = np.concatenate([[0], np.cumsum(variants)[:-1]])
    part_group = np.repeat(np.arange(len(variants)), variants)
    variant = np.arange(size.parts) - first[part_group]
    popularity = rng.gamma(4.0, 1.0, size.parts)
    popularity /= np.bincount(part_group, popularity)[part_group]

    copies = variants[row_group]
    row = np.repeat(np.arange(len(row_group)), copies)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(copies) - copies, copies)
    part = first[row_group[row]] + nth
    classes = group_class[part_group]
    companion_class = np.array([CLASS_NAMES.index(CATEGORIES[c].companion) for c in CATEGORY_NAMES])
    pieces = np.array([PIECES.get(name, 1) for name in CLASS_NAMES])
    fitment = Fitment(
        model=row_model[row],
        part=part,
        failures=failures[row] * popularity[part],
        companion=classes[part] == companion_class[models.category[row_model[row]]],
        pieces=pieces[classes[part]],
    )
    made_for = group_model[part_group]
    parts = Parts(
        part=_part_numbers(classes, part_group, variant, variants),
        part_class=classes,
        variant=np.where(variants[part_group] > 1, variant, -1),
        twin=np.where((variant > 0) & (rng.random(size.parts) < 0.6), np.arange(size.parts) - 1, -1),
        made_for=_owners(models, classes, made_for),
        tier=np.clip(models.tier[made_for] + rng.normal(0, 0.12, size.parts), 0, 1),
        dangerous=_dangerous(classes, rng),
        brand_number=models.brand_number[made_for],
    )
    return Catalogue(models, parts, fitment)


def _models(size: Size, rng: np.random.Generator) -> Models:
    n = size.models
    words = np.array([a + b + c for a in _SYLLABLES[0] for b in _SYLLABLES[1] for c in _SYLLABLES[2]], dtype=object)
    brands = rng.permutation(words)[: size.brands]
    tempting = rng.lognormal(0, 0.5, size.brands)
    brand = np.concatenate(
        [np.arange(size.brands), rng.choice(size.brands, n - size.brands, p=tempting / tempting.sum())]
    )
    # a brand is at home in one category and dabbles in others
    odds = np.array([CATEGORIES[name].models for name in CATEGORY_NAMES])
    home = rng.choice(len(odds), size.brands, p=odds)
    home[: len(odds)] = np.arange(len(odds))
    category = np.where(rng.random(n) < 0.75, home[brand], rng.choice(len(odds), n, p=odds))
    category[: len(odds)] = np.arange(len(odds))

    # launches in every month and a few to come, so that ramp-up and phase-out are always there
    moments = (MONTHS_SOLD + 2) * (np.arange(n) / n) ** 1.2
    launch = np.minimum(rng.permutation(moments + rng.random(n)).astype(np.int64), MONTHS_SOLD + 1)
    order = np.lexsort((launch, category, brand))
    brand, category, launch = brand[order], category[order], launch[order]
    new_family = np.ones(n, dtype=bool)
    new_family[1:] = (brand[1:] != brand[:-1]) | (category[1:] != category[:-1])
    new_platform = new_family | (rng.random(n) < 1.0 / size.models_per_platform)
    platform = np.cumsum(new_platform) - 1
    number = np.arange(n) - np.maximum.accumulate(np.where(new_family, np.arange(n), 0)) + 1
    return Models(
        model=np.array(
            [
                f"{brands[b][:3].upper()}{b + 1:03d}-{CATEGORIES[CATEGORY_NAMES[c]].letter}{k:02d}"
                for b, c, k in zip(brand, category, number, strict=True)
            ],
            dtype=object,
        ),
        name=np.array([_model_name(brands[b], c, k) for b, c, k in zip(brand, category, number, strict=True)], object),
        brand=brands[brand],
        brand_number=brand,
        category=category,
        platform=platform,
        launch=launch,
        life=rng.integers(13, 27, n),
        warranty_months=np.where(rng.random(n) < 0.8, 12, 24),
        volume=rng.lognormal(0, 0.5, n) * rng.lognormal(0, 0.3, size.brands)[brand],
        tier=np.clip(rng.beta(2, 3, size.brands)[brand] + rng.normal(0, 0.15, n), 0, 1),
    )


def _model_name(brand: str, category: int, number: int) -> str:
    series = CATEGORIES[CATEGORY_NAMES[category]].series
    return f"{brand} {series[(number - 1) % len(series)]} {(number - 1) // len(series) + 5}"


def _groups(models: Models) -> tuple[Ints, Ints, Ints, Ints]:
    """Places for parts: one per class and owner (platform, brand in a category), in order of appearance.

    Returns class and first model of each place, and model and place of each row, rows sorted by model.
    """
    found: dict[tuple[str, str, int, int], int] = {}
    group_class, group_model, row_model, row_group = [], [], [], []
    for model, category in enumerate(models.category):
        owners = {
            "platform": int(models.platform[model]),
            "brand": int(models.brand_number[model]),
        }
        for name in CATEGORIES[CATEGORY_NAMES[category]].mix:
            scope = CLASSES[name].scope
            key = (name, scope, owners[scope], int(category) if scope == "brand" else -1)
            if key not in found:
                found[key] = len(found)
                group_class.append(CLASS_NAMES.index(name))
                group_model.append(model)
            row_model.append(model)
            row_group.append(found[key])
    return np.array(group_class), np.array(group_model), np.array(row_model), np.array(row_group)


def _mix_of_rows(models: Models, row_model: Ints, row_class: Ints) -> Floats:
    share = np.zeros((len(CATEGORY_NAMES), len(CLASS_NAMES)))
    for c, category in enumerate(CATEGORIES.values()):
        for name, part in category.mix.items():
            share[c, CLASS_NAMES.index(name)] = category.failures * part
    return share[models.category[row_model], row_class]


def _variants(group_class: Ints, wanted: Floats, parts: int) -> Ints:
    """How many parts each place has: the place with the most demand per part is divided first."""
    may = np.array([bool(CLASSES[name].variants) for name in CLASS_NAMES])[group_class]
    if not len(wanted) <= parts <= len(wanted) + (MOST_VARIANTS - 1) * may.sum():
        raise ValueError(f"{parts} parts do not fit models with {len(wanted)} places for parts")
    variants = np.ones(len(wanted), dtype=np.int64)
    queue = [(-wanted[place], int(place)) for place in np.flatnonzero(may)]
    heapify(queue)
    for _ in range(parts - len(wanted)):
        place = queue[0][1]
        variants[place] += 1
        left = -wanted[place] / variants[place] if variants[place] < MOST_VARIANTS else 0.0
        heapreplace(queue, (left, place))
    return variants


def _part_numbers(classes: Ints, group: Ints, variant: Ints, variants: Ints) -> Texts:
    """`SCR00017B`: class, place within the class, and a letter where there are variants."""
    first_of_class: dict[int, int] = {}
    numbers, last = [], (-1, 0)
    for c, g, v in zip(classes, group, variant, strict=True):
        if g != last[0]:
            first_of_class[c] = first_of_class.get(c, 0) + 1
            last = (g, first_of_class[c])
        letter = "ABCD"[v] if variants[g] > 1 else ""
        numbers.append(f"{CLASSES[CLASS_NAMES[c]].prefix}{last[1]:05d}{letter}")
    return np.array(numbers, dtype=object)


def _owners(models: Models, classes: Ints, made_for: Ints) -> Texts:
    by_brand = np.array([CLASSES[name].scope == "brand" for name in CLASS_NAMES])[classes]
    return np.where(by_brand, models.brand[made_for], models.name[made_for])


def _dangerous(classes: Ints, rng: np.random.Generator) -> Bools:
    """All batteries, and of the parts with magnets or solvents as many as make up the share."""
    how = np.array([CLASSES[name].dangerous for name in CLASS_NAMES], dtype=object)[classes]
    dangerous = how == "always"
    some = np.flatnonzero(how == "some")
    missing = round(DANGEROUS_SHARE * len(classes)) - int(dangerous.sum())
    dangerous[rng.permutation(some)[: max(missing, 0)]] = True
    return np.asarray(dangerous, dtype=np.bool_)


def variant_words(parts: Parts, row: int) -> tuple[str, str, str]:
    """What tells the part from its variants, in English, Chinese and Russian; "" where there are none."""
    variant = int(parts.variant[row])
    if variant < 0:
        return "", "", ""
    if CLASSES[CLASS_NAMES[parts.part_class[row]]].variants == "colour":
        return COLOURS[variant]
    letter = "ABCD"[variant]
    return f"rev. {letter}", f"{letter}版", f"рев. {letter}"
