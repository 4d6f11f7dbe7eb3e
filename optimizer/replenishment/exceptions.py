"""What a planner must look at: each exception with the money at risk, largest first."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from optimizer.replenishment.causes import causes
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.outlook import Outlook
from optimizer.replenishment.program import PartPlans

_DEVICES = 0.5  # backorders at a depot below which a shortage is ordinary chance


def plan_exceptions(network: Network, instance: Instance, plans: PartPlans, expected: Outlook) -> pd.DataFrame:
    """kind, part, site, money_at_risk (network's currency), says; sorted by money, then part and site."""
    short = expected.backorders[:, : instance.published].max(axis=1, initial=0.0) >= _DEVICES
    stopped, chance = causes(network, instance, plans, expected, short | (instance.leaves.lead_weeks == 0))
    others = (_shortages(instance, expected, chance), _late_inbound(network), _minimum_orders(instance, plans))
    frame = pd.concat([found for found in (stopped, *others) if len(found)] or [stopped], ignore_index=True)
    frame = frame.astype({"kind": object, "part": object, "site": object, "money_at_risk": float, "says": object})
    return frame.sort_values(
        ["money_at_risk", "kind", "part", "site"], ascending=[False, True, True, True], kind="stable"
    ).reset_index(drop=True)


def _frame(kind: str, part: object, site: object, money: object, says: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"kind": kind, "part": part, "site": site, "money_at_risk": money, "says": says})


def _waiting_money(instance: Instance) -> npt.NDArray[np.float64]:
    """What one unit short at the depot costs a week, by leaf."""
    leaf = np.repeat(np.arange(len(instance.leaves.part)), np.diff(instance.leaves.point_start))
    money = instance.points.share * instance.points.waiting
    return np.asarray(np.bincount(leaf, money, minlength=len(instance.leaves.part)), dtype=float)


def _shortages(instance: Instance, expected: Outlook, chance: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Shortages that no single rule explains."""
    leaves = instance.leaves
    short = expected.backorders[:, : instance.published]
    notable = np.flatnonzero(chance)
    money = short[notable].sum(axis=1) * _waiting_money(instance)[notable]
    worst = short[notable].argmax(axis=1)
    until = short.shape[1] - (short[notable] >= _DEVICES)[:, ::-1].argmax(axis=1)
    monday = np.array(instance.first_monday + 7 * until, dtype="datetime64[D]").tolist()
    says = [
        f"Up to {short[n, w]:.1f} units short at the depot; covered again by {day:%d %b %Y}."
        if weeks < instance.published
        else f"Up to {short[n, w]:.1f} units short at the depot until the end of the plan."
        for n, w, day, weeks in zip(notable, worst, monday, until, strict=True)
    ]
    return _frame("shortage", instance.parts.part[leaves.part[notable]], _depot(instance, notable), money, says)


def _late_inbound(network: Network) -> pd.DataFrame:
    late = network.inbound[network.inbound["expected"] <= pd.Timestamp(network.settings.as_of)]
    cost = network.parts.set_index("part")["unit_cost"]
    says = [
        f"Order {row.order} with {row.quantity} units was expected on {row.expected:%d %b %Y}; "
        "the plan counts on it in week 1."
        for row in late.itertuples(index=False)
    ]
    money = late["quantity"].to_numpy(float) * cost.reindex(late["part"]).to_numpy(float)
    return _frame("late inbound", late["part"].to_numpy(object), late["destination"].to_numpy(object), money, says)


def _minimum_orders(instance: Instance, plans: PartPlans) -> pd.DataFrame:
    """Purchases of which most stays at the hub because of the minimum order."""
    parts = instance.parts
    shipped = np.bincount(instance.leaves.part[plans.leaf], plans.units, minlength=len(parts.part))
    bought = np.bincount(plans.buyer, plans.bought, minlength=len(parts.part))
    spare = np.clip(bought + parts.hub_stock - shipped, 0, bought)
    notable = np.flatnonzero((bought > 0) & (spare > 0.5 * bought) & (parts.moq > 1))
    says = [
        f"Minimum order {parts.moq[i]}: {int(bought[i])} bought, {int(spare[i])} of them not needed in the plan."
        for i in notable
    ]
    return _frame("minimum order", parts.part[notable], "", spare[notable] * parts.unit_cost[notable], says)


def _depot(instance: Instance, leaf: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    return instance.depots[instance.leaves.depot[leaf]]
