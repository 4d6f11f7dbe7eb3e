"""Price all parts, bring their plans nearer to the limits they share, fill those limits part by part."""

from copy import copy

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel
from optimizer.replenishment.instance import NEVER, Instance
from optimizer.replenishment.program.block import plan_part
from optimizer.replenishment.program.facts import Counts, Facts, Floats, Ints, Terms, facts_of
from optimizer.replenishment.program.part_plans import PartPlans
from optimizer.replenishment.program.serve import serve_again
from optimizer.replenishment.program.storage import EXCEEDED, stored, stores_more
from optimizer.replenishment.week_cost import CostTables

_PRICE, _RELIEVE, _FILL, _MEND = range(4)  # what parts are planned for

State = tuple[Counts, Counts, Ints, Floats, Floats]
"""Plans as dense arrays: units and departure by leaf and slot, purchases by part and week, cost and bound by part."""


class Programs:
    """The part programs of one instance: price them all in parallel, or fill the shared limits part by part."""

    def __init__(self, instance: Instance, tables: CostTables) -> None:
        self.facts = facts_of(instance, tables)
        self.premium = np.zeros(len(instance.parts.part))  # of the hub's stock: where the search of a premium begins
        self.reluctance = np.zeros(len(instance.parts.part))  # money a change must save before a part's plan changes

    def without_orders(self, closed: npt.NDArray[np.bool_]) -> "Programs":
        """The same programs where some order weeks are closed, (suppliers, K)."""
        other = copy(self)
        other.facts = self.facts._replace(expected=np.where(closed, NEVER, self.facts.expected))
        return other

    def price(self, terms: Terms, parts: Ints | None = None) -> PartPlans:
        """The cheapest plan of every part, or of some, at these prices, each as if it had the limits for itself."""
        parts, state = self._all() if parts is None else parts, self._empty()
        in_threads(
            _plan_all, len(parts), parts, _PRICE, self.facts, terms, terms, 0.0, self.premium, self.reluctance, np.inf,
            *state,
        )  # fmt: skip
        return _sparse(*state)

    def again(self, terms: Terms, plans: PartPlans) -> PartPlans:
        """Plans made earlier, as far as hubs can ship them; what no rule allows any more costs infinitely much."""
        quantity, departure, purchase, cost, bound = self._state(plans)
        in_threads(_serve_all_again, len(cost), self.facts, terms, quantity, departure, purchase, cost)
        return _sparse(quantity, departure, purchase, cost, bound)

    def relieve(self, terms: Terms, step: Terms, start: PartPlans, surcharges: tuple[float, ...]) -> PartPlans:
        """Bring `start` nearer to the limits it exceeds: who gains least from an exceeded limit leaves it first.

        In the k-th round an exceeded limit costs `surcharges[k]` × `step` more; a part that uses one is planned anew at
        that price. Of an exceeded lane it may at most keep what it has; budgets may shift, at their price. Reluctant
        parts leave only what all others have left and is still exceeded.
        """
        state = self._state(start)
        left = _copied(terms)
        _book_all(self.facts, left, *state[:3])
        for most in (0.0, np.inf) if self.reluctance.any() else (np.inf,):
            for surcharge in surcharges:
                self._in_turn(_RELIEVE, left, state, step, surcharge, most)
        return _sparse(*state)

    def fill(self, terms: Terms, start: PartPlans, rounds: tuple[float, ...]) -> PartPlans:
        """One plan per part within all limits, beginning with `start`, which may still exceed them.

        Parts take their turn, in the k-th round at `rounds[k]` of the prices. A part that uses an exceeded limit is
        planned anew within what the others leave; else it changes its plan only if that saves money at true cost, more
        than its reluctance.
        """
        state = self._state(start)
        left = _copied(terms)
        _book_all(self.facts, left, *state[:3])
        for share in rounds:
            priced = left._replace(
                budget_price=terms.budget_price * share,
                kg_price=terms.kg_price * share,
                litre_price=terms.litre_price * share,
                storage_price=terms.storage_price * share,
            )
            self._in_turn(_FILL, priced, state)
        return _sparse(*state)

    def mend(self, terms: Terms, start: PartPlans) -> PartPlans:
        """Plan anew, within what others leave, only the parts of `start` that exceed a limit or order when closed."""
        state = self._state(start)
        left = _copied(terms)
        _book_all(self.facts, left, *state[:3])
        self._in_turn(_MEND, left, state)
        return _sparse(*state)

    def _in_turn(
        self, task: int, left: Terms, state: State, step: Terms | None = None, surcharge: float = 0.0,
        most: float = np.inf,
    ) -> None:  # fmt: skip
        _plan_all(
            0, len(self.premium), self._all(), task, self.facts, left, step or left, surcharge, self.premium,
            self.reluctance, most, *state,
        )  # fmt: skip

    def _all(self) -> Ints:
        return np.arange(len(self.premium))

    def _state(self, plans: PartPlans) -> State:
        """Plans as dense arrays: quantity and departure by leaf and slot − 1, purchase by part and week − 1."""
        quantity, departure, purchase, cost, bound = self._empty()
        slot = self.facts.slot[plans.departure] - 1
        quantity[plans.leaf, slot], departure[plans.leaf, slot] = plans.units, plans.departure
        purchase[plans.buyer, plans.week - 1] = plans.bought
        cost[:] = plans.cost
        return quantity, departure, purchase, cost, bound

    def _empty(self) -> State:
        parts, leaves, weeks = len(self.facts.unit_cost), len(self.facts.depot), self.facts.weeks
        return (
            np.zeros((leaves, weeks), np.int32), np.zeros((leaves, weeks), np.int32),
            np.zeros((parts, weeks), np.int64), np.zeros(parts), np.zeros(parts),
        )  # fmt: skip


def _copied(terms: Terms) -> Terms:
    return Terms(*(array.copy() for array in terms))


def _sparse(quantity: Counts, departure: Counts, purchase: Ints, cost: Floats, bound: Floats) -> PartPlans:
    leaf, slot = np.nonzero(quantity)
    buyer, week = np.nonzero(purchase)
    return PartPlans(
        leaf=leaf,
        departure=departure[leaf, slot].astype(np.int64),
        units=quantity[leaf, slot].astype(np.int64),
        buyer=buyer,
        week=week + 1,
        bought=purchase[buyer, week],
        cost=cost,
        bound=bound,
    )


@kernel
def _serve_all_again(
    begin: int, end: int, facts: Facts, terms: Terms,
    quantity: Counts, departure: Counts, purchase: Ints, cost: Floats,
) -> None:  # fmt: skip
    for i in range(begin, end):
        first, last = facts.leaf_start[i], facts.leaf_start[i + 1]
        cost[i] = serve_again(i, facts, terms, quantity[first:last], departure[first:last], purchase[i])


@nb.njit(cache=True, error_model="numpy")
def _book_all(facts: Facts, terms: Terms, quantity: Counts, departure: Counts, purchase: Ints) -> None:
    for i in range(len(facts.unit_cost)):
        first, last = facts.leaf_start[i], facts.leaf_start[i + 1]
        _book(i, facts, terms, quantity[first:last], departure[first:last], purchase[i], -1.0)


@kernel
def _plan_all(
    begin: int, end: int, parts: Ints, task: int, facts: Facts, terms: Terms, step: Terms, surcharge: float,
    premium: Floats, reluctance: Floats, most: float,
    quantity: Counts, departure: Counts, purchase: Ints, cost: Floats, bound: Floats,
) -> None:  # fmt: skip
    """Plan one part after another; but for _PRICE, `terms` tells what is left of the limits and is kept up to date.

    One kernel for all tasks, as the program of a part takes long to compile.
    """
    own, charged = _nothing_left(terms), _nothing_left(terms)
    charged.budget_left[:] = np.inf
    for i in parts[begin:end]:
        first, last = facts.leaf_start[i], facts.leaf_start[i + 1]
        units, sailing = quantity[first:last], departure[first:last]
        exceeded = task != _PRICE and _exceeds(i, facts, terms, units, sailing, purchase[i])
        idle = not exceeded and task in (_RELIEVE, _MEND)
        if idle or (task == _RELIEVE and reluctance[i] > most):
            continue
        seen = terms
        if task == _RELIEVE:
            _book(i, facts, own, units, sailing, purchase[i], 1.0)
            _charge_part(i, facts, terms, step, surcharge, own, charged)
            _book(i, facts, own, units, sailing, purchase[i], -1.0)
            seen = charged
        if task != _PRICE:
            _book(i, facts, terms, units, sailing, purchase[i], 1.0)
        new_units, new_sailing = np.zeros_like(units), np.zeros_like(sailing)
        new_purchase = np.zeros(facts.weeks, np.int64)
        new_cost, bound[i] = plan_part(i, facts, seen, premium, new_units, new_sailing, new_purchase)
        if task != _FILL or exceeded or new_cost < cost[i] - max(reluctance[i], 1e-9):
            units[:], sailing[:], purchase[i], cost[i] = new_units, new_sailing, new_purchase, new_cost
        if task != _PRICE:
            _book(i, facts, terms, units, sailing, purchase[i], -1.0)


@nb.njit(cache=True, error_model="numpy")
def _nothing_left(terms: Terms) -> Terms:
    """No price and nothing left of any limit."""
    return Terms(
        np.zeros_like(terms.budget_price), np.zeros_like(terms.kg_price), np.zeros_like(terms.litre_price),
        np.zeros_like(terms.storage_price), np.zeros_like(terms.budget_left), np.zeros_like(terms.kg_left),
        np.zeros_like(terms.litres_left), np.zeros_like(terms.storage_left),
    )  # fmt: skip


@nb.njit(cache=True, error_model="numpy")
def _charge_part(i: int, facts: Facts, terms: Terms, step: Terms, surcharge: float, own: Terms, charged: Terms) -> None:
    """Write the prices and the room one part sees, at its own depots: a limit that is exceeded is dearer.

    Of an exceeded departure it may keep what it has; else what is left and its own. Budgets and depots only get dearer.
    """
    for period in range(len(terms.budget_left)):
        over = surcharge if terms.budget_left[period] < -EXCEEDED else 0.0
        charged.budget_price[period] = terms.budget_price[period] + over * step.budget_price[period]
    for leaf in range(facts.leaf_start[i], facts.leaf_start[i + 1]):
        depot = facts.depot[leaf]
        for j in range(facts.depot_start[depot], facts.depot_start[depot + 1]):
            over = surcharge if terms.kg_left[j] < -EXCEEDED else 0.0
            charged.kg_price[j] = terms.kg_price[j] + over * step.kg_price[j]
            charged.kg_left[j] = own.kg_left[j] + (terms.kg_left[j] if over == 0.0 else 0.0)
            over = surcharge if terms.litres_left[j] < -EXCEEDED else 0.0
            charged.litre_price[j] = terms.litre_price[j] + over * step.litre_price[j]
            charged.litres_left[j] = own.litres_left[j] + (terms.litres_left[j] if over == 0.0 else 0.0)
        for t in range(terms.storage_left.shape[1]):
            over = surcharge if terms.storage_left[depot, t] < -EXCEEDED else 0.0
            charged.storage_price[depot, t] = terms.storage_price[depot, t] + over * step.storage_price[depot, t]
            charged.storage_left[depot, t] = own.storage_left[depot, t] + step.storage_left[depot, t]  # 0 where full


@nb.njit(cache=True, error_model="numpy")
def _exceeds(i: int, facts: Facts, terms: Terms, quantity: Counts, departure: Counts, purchase: Ints) -> bool:
    """Whether the plan of a part uses a limit that is exceeded, or an order week that is closed."""
    for n in range(quantity.shape[0]):
        if stores_more(i, n, facts, quantity[n], terms.storage_left):
            return True
        for k in range(facts.weeks):
            if quantity[n, k] > 0:
                j = departure[n, k]
                if facts.weight_kg[i] > 0 and terms.kg_left[j] < -EXCEEDED:
                    return True
                if facts.litres[i] > 0 and terms.litres_left[j] < -EXCEEDED:
                    return True
    over = False
    for o in np.flatnonzero(purchase):
        over |= terms.budget_left[facts.period_of_week[o + 1]] < -EXCEEDED
        over |= facts.expected[facts.supplier[i], o] >= NEVER
    return over


@nb.njit(cache=True, error_model="numpy")
def _book(i: int, facts: Facts, terms: Terms, quantity: Counts, departure: Counts, purchase: Ints, sign: float) -> None:
    """Give back (+1) or take (−1) what the plan of a part uses of the shared limits."""
    litres = np.zeros(facts.weeks + 1)
    for n in range(quantity.shape[0]):
        leaf = facts.leaf_start[i] + n
        if facts.stock_offset[leaf] >= 0:
            stored(i, n, facts, quantity[n], litres)
            terms.storage_left[facts.depot[leaf]] += sign * litres
        for k in range(facts.weeks):
            if quantity[n, k] > 0:
                j = departure[n, k]
                terms.kg_left[j] += sign * quantity[n, k] * facts.weight_kg[i]
                terms.litres_left[j] += sign * quantity[n, k] * facts.litres[i]
    for o in range(facts.weeks):
        if purchase[o] > 0:
            terms.budget_left[facts.period_of_week[o + 1]] += sign * purchase[o] * facts.unit_cost[i]
