"""Which methods forecast which class of parts: a value that selection makes and a file keeps."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

EVERY_CLASS = ""  # the name under which the mix of all parts together is kept
_SUM = 1e-3  # tolerance of a sum of weights


@dataclass(frozen=True)
class Mix:
    """Weight of every method, adding up to 1, and the factor on the spread (ψ − 1 and κ) of their mixed law."""

    weights: Mapping[str, float]
    width: float


@dataclass(frozen=True)
class Methods:
    """The mix of every class by name; a class without one uses that of `EVERY_CLASS`.

    lead: periods over which they were judged. evidence: a row per class and method, and one for the mix itself:
    part_class, method, trials (series × origins), scaled_pinball_loss, bias, weight, width.
    """

    lead: int
    mixes: Mapping[str, Mix]
    evidence: pd.DataFrame

    @property
    def used(self) -> tuple[str, ...]:
        """Methods with some weight in some class, sorted."""
        return tuple(sorted({name for mix in self.mixes.values() for name, weight in mix.weights.items() if weight}))

    def of(self, part_class: str) -> Mix:
        """The mix of a class."""
        return self.mixes.get(part_class, self.mixes[EVERY_CLASS])


def methods_text(methods: Methods) -> str:
    """Methods as JSON, for `--methods FILE`."""
    classes = {name: {"weights": dict(mix.weights), "width": mix.width} for name, mix in sorted(methods.mixes.items())}
    evidence = json.loads(methods.evidence.to_json(orient="records", double_precision=6))
    return json.dumps({"lead": methods.lead, "classes": classes, "evidence": evidence}, ensure_ascii=False, indent=1)


def methods_from_text(text: str, known: Mapping[str, object]) -> Methods:
    """Methods from the JSON that `methods_text` makes; `known`: names of the methods there are.

    Raises ValueError, in one sentence, when something is missing, unknown or out of range.
    """
    try:
        content = json.loads(text)
        lead, classes = int(content["lead"]), content["classes"]
        mixes = {
            str(name): Mix({str(method): float(w) for method, w in mix["weights"].items()}, float(mix["width"]))
            for name, mix in classes.items()
        }
        evidence = pd.DataFrame(content.get("evidence", []))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"it is no list of methods as zapas forecast writes it ({error})") from error
    if EVERY_CLASS not in mixes or lead < 1:
        raise ValueError(f'it needs a lead of at least 1 and the class "{EVERY_CLASS}", which stands for all parts')
    for name, mix in mixes.items():
        unknown = sorted(set(mix.weights) - set(known))
        if unknown:
            raise ValueError(f'class "{name}" names unknown methods: {", ".join(unknown)}')
        whole = min(mix.weights.values(), default=-1) >= 0 and abs(sum(mix.weights.values()) - 1) <= _SUM
        if not (whole and 0 < mix.width < math.inf):
            raise ValueError(f'the weights of class "{name}" must be at least 0 and add up to 1, its width be above 0')
    return Methods(lead, mixes, evidence)
