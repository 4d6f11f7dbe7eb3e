"""Runs `zapas` in this process, where imports are paid once, or as a process of its own, which can be killed."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from cli.main import main

PROGRAM = [sys.executable, "-m", "cli.main"]
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    """What a command left: its exit code and the two streams."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The last line on stderr: what went wrong, after the lines of progress."""
        assert "Traceback" not in self.err
        return self.err.strip().splitlines()[-1]


def zapas(*arguments: object) -> Answer:
    """Run a command to its end; the handlers of signals are put back."""
    out, err = io.StringIO(), io.StringIO()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with patch.object(sys, "argv", ["zapas", *map(str, arguments)]), redirect_stdout(out), redirect_stderr(err):
            main()
        code: object = 0
    except SystemExit as end:
        code = end.code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert isinstance(code, int), code
    return Answer(code, out.getvalue(), err.getvalue())


@contextmanager
def process(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own; it is gone when the block ends."""
    started = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        try:
            yield started
        finally:
            started.kill()


def read_until(running: subprocess.Popen[str], words: str) -> str:
    """Read stderr up to the line that contains `words`, and return that line."""
    assert running.stderr is not None
    read = []
    for line in running.stderr:
        read.append(line)
        if words in line:
            return line
    raise AssertionError(f"ended without {words!r}: {''.join(read)}")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` by its relative name."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
