"""What is random in a play of a part, from a stream of its own: cheap to begin and cheap to draw from; compiled."""

import numpy as np

from simulation.referee.state import State, lean


@lean
def seed_chance(state: State, seed: int) -> None:
    """Begin the stream of a part."""
    state.chance[0].counter, state.chance[0].has_spare = np.uint64(seed), 0


@lean
def uniform(state: State) -> float:
    """A number of (0, 1): SplitMix64 (Steele, Lea & Flood 2014), its upper 53 bits."""
    z = state.chance[0].counter + np.uint64(0x9E3779B97F4A7C15)
    state.chance[0].counter = z
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (float(np.int64(z >> np.uint64(11))) + 0.5) * 2.0**-53


@lean
def _normal(state: State) -> float:
    """Standard normal by the polar method (Marsaglia & Bray 1964), which yields two at a time."""
    chance = state.chance[0]
    if chance.has_spare > 0:
        chance.has_spare = 0
        return float(chance.spare)
    x, y, square = 0.0, 0.0, 2.0
    while square >= 1.0 or square == 0.0:
        x, y = 2.0 * uniform(state) - 1.0, 2.0 * uniform(state) - 1.0
        square = x * x + y * y
    scale = np.sqrt(-2.0 * np.log(square) / square)
    chance.has_spare, chance.spare = 1, scale * y
    return float(scale * x)


@lean
def days_of(state: State, mean: float, sd: float) -> float:
    """A gamma-distributed time with this mean and standard deviation, days (Marsaglia & Tsang 2000)."""
    if sd <= 0.0 or mean <= 0.0:
        return mean
    shape, scale = (mean / sd) ** 2, sd * sd / mean
    if shape < 1.0:
        scale *= uniform(state) ** (1.0 / shape)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    while True:
        x = _normal(state)
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            u = uniform(state)
            if u < 1.0 - 0.0331 * x**4 or np.log(u) < 0.5 * x * x + d * (1.0 - v + np.log(v)):
                return float(scale * d * v)
