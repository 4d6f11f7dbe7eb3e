"""Kinds of patches and what they change; a scenario's two networks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from domain.network import Network
from domain.problems import ZapasError
from scenarios.what_if.patches import demand, lanes, money, service, sites, supply
from scenarios.what_if.patches.change import Change, applied, clashes, there_already
from scenarios.what_if.patches.kind import Kind, Request, Unfit
from scenarios.what_if.scenario import Patch, Scenario, Worlds
from storage.network_completion import snapshot

__all__ = ["KINDS", "Complaint", "complaints", "patched", "worlds"]

KINDS: dict[str, Kind] = {
    kind.name: kind for room in (lanes, money, demand, supply, sites, service) for kind in room.KINDS
}
"""Every kind of patch by name."""


@dataclass(frozen=True)
class Complaint:
    """Why a patch cannot be made; `argument` is to blame, "" when all of it is."""

    patch: Patch
    argument: str
    says: str


def worlds(network: Network, scenario: Scenario) -> Worlds:
    """What the planner knows and what is. Raises ZapasError when a patch does not fit the network or two clash.

    The order of patches never matters; patches of one kind and equal arguments count once.
    """
    known = patched(network, [patch for patch in scenario.patches if patch.announced])
    return Worlds(known, known if scenario.all_announced else patched(network, scenario.patches))


def patched(network: Network, patches: Sequence[Patch]) -> Network:
    """The network after all patches, complete as `read_network` leaves it; without patches the network itself.

    Raises ZapasError when a patch does not fit the network or two clash.
    """
    if not patches:
        return network
    found, wrong = _walk(network, patches)
    if wrong:
        raise ZapasError("; ".join(f"{one.patch.name} ({one.patch.kind}): {one.says}" for one in wrong) + ".")
    return replace(found, snapshot=snapshot(found))


def complaints(network: Network, patches: Sequence[Patch]) -> list[Complaint]:
    """Everything that does not fit the network or clashes; empty when the patches can be made."""
    return _walk(network, patches, finish=False)[1]


def _walk(network: Network, patches: Sequence[Patch], finish: bool = True) -> tuple[Network, list[Complaint]]:
    """Layer by layer (`Kind.layer`): within one, each patch is computed on the network the layer starts from.

    finish: whether the last layer is made too, or only looked at.
    """
    wrong: list[Complaint] = []
    every = _once(patches)
    layers = sorted({KINDS[patch.kind].layer for patch in every})
    for layer in layers:
        made: list[Patch] = []
        changes: list[list[Change]] = []
        for patch in (one for one in every if KINDS[one.kind].layer == layer):
            try:
                own = KINDS[patch.kind].changes(Request(network, patch.arguments, patch.announced))
                if there := there_already(network, own):
                    raise Unfit("", f"is in the network already: {there}")
                changes.append(own)
                made.append(patch)
            except Unfit as unfit:
                wrong.append(Complaint(patch, unfit.argument, unfit.says))
        for one, other, where in clashes(changes):
            says = f"clashes with {made[one].name}: both change {where}, and differently; leave one of them out"
            wrong.append(Complaint(made[other], "", says))
        if not wrong and (finish or layer != layers[-1]):
            network = applied(network, (change for own in changes for change in own))
    return network, wrong


def _once(patches: Iterable[Patch]) -> list[Patch]:
    """Of patches that ask for the same one, announced if one is; sorted, so that their order is no matter."""
    alike: dict[tuple[str, str], Patch] = {}
    for patch in sorted(patches, key=lambda one: (not one.announced, one.name)):
        alike.setdefault((patch.kind, str(sorted(patch.arguments.items()))), patch)
    return [alike[key] for key in sorted(alike)]
