"""A what-if as data: named changes of the tables, a scenario of them, and the two networks that follow from it.

`reading.read_scenarios` makes scenarios of YAML, `reading.library` lists those that come with Zapas,
`patches.worlds` applies one to a network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.network import Network

Value = bool | int | float | str
"""What an argument may be; a date is text (ISO), so that a patch is its own JSON."""


@dataclass(frozen=True)
class Patch:
    """One change of a network: its `kind` (`patches.KINDS`) and the arguments of that kind.

    name, line: what the file calls it and where; they play no part in what the patch does.
    announced: whether the planner knows of it when the plan is made.
    """

    name: str
    kind: str
    arguments: Mapping[str, Value] = field(default_factory=dict)
    announced: bool = True
    line: int = 0

    def json(self) -> dict[str, Any]:
        """What was asked, for people and for asking it again."""
        return {"name": self.name, "kind": self.kind, "arguments": dict(self.arguments), "announced": self.announced}


@dataclass(frozen=True)
class Scenario:
    """A set of patches, in no order, with the question they answer; without patches it is the network as it stands.

    weight: how much it counts in a weighted average over scenarios, 1 unless said otherwise.
    """

    name: str
    title: str = ""
    patches: tuple[Patch, ...] = ()
    weight: float = 1.0

    @property
    def all_announced(self) -> bool:
        """Whether the planner knows everything that happens: then what is known is what is."""
        return all(patch.announced for patch in self.patches)

    def json(self) -> dict[str, Any]:
        """What was asked, for people and for asking it again."""
        patches = [patch.json() for patch in self.patches]
        return {"name": self.name, "title": self.title, "weight": self.weight, "patches": patches}


@dataclass(frozen=True)
class Worlds:
    """The networks of a scenario: `known` is what the plan is made on, `world` what it is played in.

    Both are complete and checked as `read_network` leaves them; `known` is `world` where all patches are announced,
    and both are the network itself where there are none.
    """

    known: Network
    world: Network
