"""`zapas`: every command, and how each of them ends."""

import os
import signal
import sys

from cli import planning, studies, what_if
from cli.console import BAD_DATA, FAILED, INTERRUPTED, app
from domain.problems import BadData, ZapasError

__all__ = ["main", "planning", "studies", "what_if"]


class _Interrupted(BaseException):
    """Somebody pressed Ctrl-C or asked the process to end."""


def _interrupt(*_: object) -> None:
    raise _Interrupted


def main() -> None:
    """Run a command; every failure is one clear sentence and an exit code."""
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except BadData as error:
        print(error, file=sys.stderr)
        sys.exit(BAD_DATA)
    except ZapasError as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED)
    except _Interrupted:
        print("Interrupted; nothing was changed.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
