"""The machine a measurement was made on, and what a command costs it: seconds and memory of its whole process tree."""

import os
import platform
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter

LIBRARIES = ("numpy", "scipy", "numba", "pandas", "pandera", "pyarrow", "ortools", "sqlalchemy", "fastapi", "altair")
_SAMPLE_SECONDS = 0.2


class CommandError(Exception):
    """A command ended with another exit code than 0; the message is the last line it said."""


@dataclass(frozen=True)
class Spent:
    """What a finished command cost.

    seconds: wall time. peak_bytes: most resident memory of all its processes together, pages they share counted once
    for each. said: its output and errors, in order. exit_code: 128 + n or -n when signal n ended it.
    """

    seconds: float
    peak_bytes: int
    said: str
    exit_code: int

    @property
    def last_words(self) -> str:
        """The last line it said."""
        lines = self.said.strip().splitlines()
        return lines[-1].strip() if lines else "(no output)"


def spend(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> Spent:
    """Run a command in `folder` to its end, watching its memory. Raises CommandError if its exit code is not 0."""
    spent = watch(command, folder, environment)
    if spent.exit_code != 0:
        raise CommandError(f"{' '.join(map(str, command))} ended with {spent.exit_code}: {spent.last_words}")
    return spent


def watch(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    stop: tuple[float, signal.Signals] | None = None,
) -> Spent:
    """Run a command in `folder`, watching its memory; `stop` sends it a signal after so many seconds."""
    begun, peak, sent = perf_counter(), 0, stop is None
    with TemporaryFile() as said, _session(command, folder, environment, said.fileno()) as process:
        while process.poll() is None:
            wait = _SAMPLE_SECONDS
            if stop is not None and not sent:
                left = begun + stop[0] - perf_counter()
                if left <= 0:
                    process.send_signal(stop[1])
                    sent = True
                wait = min(wait, max(left, 0.0))
            peak = max(peak, resident_bytes(process.pid))
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                continue
        seconds = perf_counter() - begun
        said.seek(0)
        return Spent(seconds, peak, said.read().decode(errors="replace"), process.returncode)


@contextmanager
def _session(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None, said: int
) -> "Iterator[subprocess.Popen[bytes]]":
    """The command in a session of its own, none of whose processes outlives the block."""
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for pid in _processes_of(process.pid):
            _kill(pid)
        process.wait()


def resident_bytes(session: int) -> int:
    """Resident memory of a session's processes together; at least the highest any living one of them ever had."""
    now, highest = 0, 0
    for pid in _processes_of(session):
        status = _status(pid)
        now += status.get("VmRSS", 0)
        highest = max(highest, status.get("VmHWM", 0))
    return max(now, highest)


def _processes_of(session: int) -> list[int]:
    """Processes of a session, by the sixth field of /proc/PID/stat (proc(5))."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[3]) == session:
            found.append(int(folder.name))
    return found


def _status(pid: int) -> dict[str, int]:
    """The sizes in /proc/PID/status, in bytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    words = [line.split() for line in lines if line.startswith(("VmRSS", "VmHWM"))]
    return {name.rstrip(":"): int(kib) * 1024 for name, kib, _ in words}


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def machine_facts() -> dict[str, str]:
    """Cores this process may use, memory, system, Python and the versions of the main libraries."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{pages * size / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }
