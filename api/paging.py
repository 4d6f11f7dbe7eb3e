"""Keyset cursors: opaque to the caller, bound to the plan and the list they were made for."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from http import HTTPStatus

from api.problems import ApiProblem

Key = int | str
"""What a list is ordered by: an id, or the number of a line."""


def encode(plan_run: int, listing: str, key: Key) -> str:
    """The cursor of the page behind `key`."""
    content = json.dumps([plan_run, listing, key], separators=(",", ":")).encode()
    return urlsafe_b64encode(content).decode().rstrip("=")


def decode(cursor: str | None, plan_run: int, listing: str, kind: type[Key]) -> Key | None:
    """The key a cursor stands for, of this kind, None for the first page.

    Raises ApiProblem 404 for what is no cursor of this list, or no longer one.
    """
    if cursor is None:
        return None
    try:
        content = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        key: Key = content[2]
        if content[:2] == [plan_run, listing] and type(key) is kind and _storable(key):
            return key
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise ApiProblem(
        HTTPStatus.NOT_FOUND,
        "unknown_cursor",
        "There is no such page; begin again, a new plan may have been published.",
    )


def _storable(key: Key) -> bool:
    """Whether a database can compare with it: a forged cursor may hold anything."""
    if isinstance(key, str):
        return "\0" not in key and key == key.encode(errors="ignore").decode()
    return abs(key) < 2**62
