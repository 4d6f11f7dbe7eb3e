"""What must hold: plans through kills and interrupts, bytes through repetition and shuffling, the API through fuzz."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from benchmarks.machine import Spent, watch

from .demos import plan_json, zapas
from .line import Bench, Figure, NotMeasuredError

Tables = dict[str, pd.DataFrame]

KILLS = 12
LOOKED_AT = ("report.html", "plan.xlsx", "terminal summary")
_NAMED = {  # columns that hold ids, and the kind of thing an id in them names
    "part": "part", "substitute": "part", "site": "site", "origin": "site", "destination": "site", "region": "region",
    "lane": "lane", "supplier": "supplier", "model": "model", "order": "order", "repair_order": "repair_order",
    "group": "group", "ticket": "ticket", "consignment": "consignment", "event": "event",
}  # fmt: skip


def pytest_counts(bench: Bench, *paths: str) -> Iterator[Figure | str]:
    """Run test files in a process of their own and count."""
    missing = [path for path in paths if not (bench.root / path).exists()]
    if missing:
        raise NotMeasuredError(f"there is no {', '.join(missing)}")
    results = bench.folder / "results.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={results}", *paths]
    spent = watch(command, bench.root)
    if not results.is_file():
        raise NotMeasuredError(f"the tests did not run: {spent.last_words}")
    counts = {"failures": 0, "errors": 0, "skipped": 0, "tests": 0}
    report = ElementTree.parse(results).getroot()
    for suite in report.iter("testsuite"):
        for name in counts:
            counts[name] += int(suite.get(name, "0"))
    yield Figure("tests run", counts["tests"], at_least=1)
    yield Figure("failed", counts["failures"] + counts["errors"], at_most=0)
    for case in report.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            yield f"failed: {case.get('classname')}.{case.get('name')}"
    yield Figure("skipped", counts["skipped"], at_most=0)
    yield Figure("exit code of pytest", spent.exit_code, at_most=0, at_least=0)


def api(bench: Bench) -> Iterator[Figure | str]:
    """schemathesis and the other tests of the interface."""
    yield from pytest_counts(bench, "tests/api")


def crash_safety(bench: Bench) -> Iterator[Figure | str]:
    """The tests of the plan folder; then the whole small demo planned by a process that is killed, stopped, refused."""
    tests = ["tests/storage/test_plan_folder.py", *(["tests/cli"] if (bench.root / "tests/cli").exists() else [])]
    yield from pytest_counts(bench, *tests)
    network, out = bench.folder / "network", bench.folder / "killed" / "plan"
    zapas(bench, "demo", network, "--size", "small")
    zapas(bench, "plan", network, "--out", out)
    old = contents(out)
    shutil.copytree(out, bench.folder / "old")
    whole = zapas(bench, "plan", network, "--out", out)
    new = contents(out)  # not `old`: it says what has changed since
    left = []
    for moment in np.linspace(0.05, 1.0, KILLS):
        shutil.rmtree(out)
        shutil.copytree(bench.folder / "old", out)
        _plan(bench, network, out, (moment * whole.seconds, signal.SIGKILL))
        left.append(contents(out))
    yield Figure("kill -9, moments tried", len(left), at_least=10)
    yield Figure("left the old plan", left.count(old), at_least=1)
    yield Figure("left the new plan, too late to stop it", left.count(new))
    torn = [now for now in left if now not in (old, new)]
    yield Figure("left anything else", len(torn), at_most=0)
    yield from (f"neither old nor new: {', '.join(differing(new, now))}" for now in torn)
    for where, there in (("over a plan", out), ("with no plan yet", bench.folder / "none" / "plan")):
        before = contents(there) if there.exists() else None
        stopped = _plan(bench, network, there, (0.5 * whole.seconds, signal.SIGINT))
        after = contents(there) if there.exists() else None
        yield Figure(f"Ctrl-C {where}: exit code", stopped.exit_code, at_least=130, at_most=130)
        yield Figure("files changed", float(before != after) + len(list(there.parent.glob("*.partial-*"))), at_most=0)
        yield f"it says: {stopped.last_words}"
    occupied = bench.folder / "file"
    occupied.write_text("precious")
    refused = _plan(bench, network, occupied)
    yield from _one_sentence("a file at OUT", refused)
    yield Figure("the file was changed", float(occupied.read_text() != "precious"), at_most=0)
    with _full_disk(bench.folder / "disk") as disk:
        refused = _plan(bench, network, disk / "plan")
        files = [path.name for path in disk.iterdir()]
    yield from _one_sentence("a full disk of 1 MB", refused)
    yield Figure("files left on it", len(files), at_most=0)


def _one_sentence(what: str, refused: Spent) -> Iterator[Figure | str]:
    """The end of a refused run: exit code 1, one sentence after the lines of progress, no traceback."""
    said = [line for line in refused.said.splitlines() if line.strip() and not line.endswith("…")]
    yield Figure(f"{what}: exit code", refused.exit_code, at_least=1, at_most=1)
    yield Figure("sentences said", len(said) if "Traceback" not in refused.said else 99, at_least=1, at_most=1)
    yield f"it says: {refused.last_words}"


def _plan(bench: Bench, network: Path, out: Path, stop: tuple[float, signal.Signals] | None = None) -> Spent:
    return watch([bench.root / ".venv/bin/zapas", "plan", network, "--out", out], bench.root, stop=stop)


@contextmanager
def _full_disk(place: Path) -> Iterator[Path]:
    """A file system of 1 MB in memory. Raises NotMeasuredError where mounting is not allowed."""
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode != 0:
        raise NotMeasuredError("a small file system cannot be mounted here; run as root")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def contents(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder; of plan.json without its seconds."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if file.name == "plan.json":
            content = json.dumps({k: v for k, v in json.loads(content).items() if k != "seconds"}).encode()
        found[file.relative_to(folder).as_posix()] = sha256(content).hexdigest()
    return found


def differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Files of which one folder has other contents than the other, or none."""
    return sorted(file for file in one.keys() | other.keys() if one.get(file) != other.get(file))


def determinism(bench: Bench) -> Iterator[Figure | str]:
    """Plan the small demo, again, with rows and columns shuffled, and with every id renamed, in separate processes."""
    network = bench.folder / "network"
    zapas(bench, "demo", network, "--size", "small")
    first = bench.folder / "first" / "plan"
    zapas(bench, "plan", network, "--out", first)
    variants: dict[str, Callable[[Tables], Tables] | None] = {"again": None, "shuffled": shuffled, "renamed": renamed}
    for name, change in variants.items():
        folder, out = bench.folder / name / "network", bench.folder / name / "plan"
        if change is None:
            shutil.copytree(network, folder)
        else:
            _write(change(_read(network)), network / "network.toml", folder)
        zapas(bench, "plan", folder, "--out", out)
        if name == "renamed":
            bound, same = plan_json(out)["lower_bound"], plan_json(first)["lower_bound"]
            yield Figure("ids renamed: relative change of the bound", abs(bound - same) / abs(same), at_most=1e-6)
        else:
            one, other = contents(first), contents(out)
            differ = differing(one, other)
            yield Figure(f"{name}: files that differ, of {len(one)}", len(differ), at_most=0)
            yield from [f"these differ: {', '.join(differ)}"] if differ else []


def shuffled(tables: Tables) -> Tables:
    """Rows and columns of every table in another order; the rows of `service` keep theirs, which is their meaning."""
    rng = np.random.default_rng(7)
    found = {}
    for name, frame in tables.items():
        columns = rng.permutation(np.array(frame.columns, dtype=object))
        rows = np.arange(len(frame)) if name == "service" else rng.permutation(len(frame))
        found[name] = frame.loc[rows, columns].reset_index(drop=True)
    return found


def renamed(tables: Tables) -> Tables:
    """Every id by another that sorts elsewhere, the same everywhere; `applies_to` of events follows."""
    known = {
        kind: {text for frame in tables.values() if kind in frame for text in frame[kind] if text}
        for kind in set(_NAMED.values())
    }

    def new(kind: str, text: str) -> str:
        return sha256(f"{kind} {text}".encode()).hexdigest()[:12] if text in known.get(kind, ()) else text

    def applied(text: str) -> str:
        kind, colon, of = text.partition(":")
        return f"{kind}:{new(kind, of)}" if colon else text

    found = {}
    for table, frame in tables.items():
        changes = {name: frame[name].map(partial(new, kind)) for name, kind in _NAMED.items() if name in frame}
        if "applies_to" in frame:
            changes["applies_to"] = frame["applies_to"].map(applied)
        found[table] = frame.assign(**changes)
    return found


def _read(folder: Path) -> Tables:
    """Every table as text."""
    return {file.stem: pd.read_csv(file, dtype=str, keep_default_na=False) for file in sorted(folder.glob("*.csv"))}


def _write(tables: Tables, settings: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "network.toml").write_bytes(settings.read_bytes())
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)


def looked_at(bench: Bench) -> Iterator[Figure | str]:
    """By eye: what somebody who looked at the documents wrote down, in `--note` or docs/looked_at.md."""
    file = bench.root / "docs" / "looked_at.md"
    notes = bench.notes or (file.read_text(encoding="utf-8") if file.is_file() else "")
    if not notes:
        raise NotMeasuredError("nobody wrote down what they saw: neither --note nor docs/looked_at.md")
    yield Figure("by eye; documents described", sum(name in notes for name in LOOKED_AT), at_least=len(LOOKED_AT))
    yield re.sub(r"^#.*$", "", notes, flags=re.MULTILINE).strip()
