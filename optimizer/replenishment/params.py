"""How long the search for a plan goes on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Params:
    """Limits are counts, never seconds."""

    price_iterations: int = 24
    tolerance: float = 1e-4  # of the bound: when the master promises no more, prices are good enough
    quiet_rounds: int = 1  # that raised the bound by no more than that, before the search ends
    sampled_parts: int = 2500  # at least so many parts tell where to look for prices first,
    sampled_every: int = 8  # at most one in so many
    surcharges: tuple[float, ...] = tuple(0.03 * 4.0**k for k in range(5))  # on the price of exceeded rows
    rounds: tuple[float, ...] = (1.0,)  # shares of the prices at which parts take their turn
    order_week_rounds: int = 4  # of joining the order weeks that stay below a supplier's minimum value
    exact_leaves: int = 50  # so many part × depots are planned by the exact model
    exact_states: int = 10_000  # and so many weeks × units of them
    exact_nodes: int = 2000
