"""A JSON file of a folder of ours."""

import json
from pathlib import Path
from typing import Any

from domain.problems import ZapasError


def read_json(file: Path, otherwise: str = "") -> dict[str, Any]:
    """The object it holds. Raises ZapasError, saying `otherwise` if given, when it is missing or holds none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ZapasError(otherwise or f"{file}: this file is missing or damaged.") from error
    if not isinstance(found, dict):
        raise ZapasError(otherwise or f"{file}: this file is damaged.")
    return found
