"""The plan folder: a reader meets a whole plan or none, whatever happens to the writer."""

import errno
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.problems import ZapasError
from domain.schemas import ARTEFACTS
from storage import plan_folder as module
from storage.plan_folder import NETWORK_FACTS, plan_folder, read_plan, write_plan
from tests.plans import tiny_frames, tiny_network, tiny_plan

FRAMES, NETWORK = tiny_frames(), tiny_network()
FILE_SYSTEM_CALLS = ("open", "os.", "shutil.", "ctypes.")


def write(out: Path, version: str = "1") -> None:
    """A plan that says in its every part which version it is."""
    frames = {name: frame.assign(version=version) for name, frame in FRAMES.items()}
    write_plan(out, {**tiny_plan(), "version": version}, frames, {"report.html": version.encode()}, NETWORK)


def versions(out: Path) -> set[str]:
    """The versions found in a plan folder; one if it is whole."""
    plan = read_plan(out)
    found = {str(version) for name in FRAMES for version in plan.frame(name)["version"]}
    assert [len(plan.fact(name)) for name in NETWORK_FACTS] == [len(getattr(NETWORK, name)) for name in NETWORK_FACTS]
    return found | {plan.json["version"], (out / "report.html").read_text()}


def leftovers(out: Path) -> list[str]:
    return [path.name for path in out.parent.iterdir() if ".partial-" in path.name]


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    """Frames, facts, plan.json and settings come back with values and types unchanged."""
    write_plan(tmp_path / "plan", tiny_plan(), FRAMES, {"plan.xlsx": b"PK"}, NETWORK)
    plan = read_plan(tmp_path / "plan")
    assert plan.json == tiny_plan()
    assert (plan.as_of, plan.settings["currency"]) == (NETWORK.settings.as_of, "USD")
    for name in ARTEFACTS:
        pd.testing.assert_frame_equal(plan.frame(name), FRAMES[name])
    for name in NETWORK_FACTS:
        expected: pd.DataFrame = getattr(NETWORK, name)
        pd.testing.assert_frame_equal(plan.fact(name)[expected.columns], expected)
    assert set(plan.fact("parts")["hub"]) == {"HUB"}
    assert leftovers(tmp_path / "plan") == []


def test_some_columns_can_be_read_alone(tmp_path: Path) -> None:
    """Those that are there, in any order asked for, their text as categories with the same values."""
    write_plan(tmp_path / "plan", tiny_plan(), FRAMES, {}, NETWORK)
    plan, columns = read_plan(tmp_path / "plan"), ["base_stock", "site", "part"]
    some, expected = plan.frame("targets", [*columns, "not_yet"]), FRAMES["targets"][columns]
    assert {str(some[name].dtype) for name in ("part", "site")} == {"category"}
    pd.testing.assert_frame_equal(some[columns].astype({"part": object, "site": object}), expected)
    assert set(some) == set(columns)


def test_a_table_may_be_written_in_blocks(tmp_path: Path) -> None:
    """Blocks come back as one table, and the same blocks give the same bytes."""
    frame = pd.concat([FRAMES["targets"]] * 3, ignore_index=True)
    size = len(FRAMES["targets"])
    for name in ("one", "two"):
        with plan_folder(tmp_path / name) as partial:
            partial.write_frame("targets", (frame.iloc[first : first + size] for first in range(0, len(frame), size)))
            partial.write_json(tiny_plan())
            partial.finish()
    pd.testing.assert_frame_equal(read_plan(tmp_path / "one").frame("targets"), frame)
    assert (tmp_path / "one/targets.parquet").read_bytes() == (tmp_path / "two/targets.parquet").read_bytes()


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    """Every file of two writings is equal, byte by byte."""
    write(tmp_path / "one")
    write(tmp_path / "two")
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) == len(FRAMES) + len(NETWORK_FACTS) + 3
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_numbers_without_value_are_null_in_plan_json(tmp_path: Path) -> None:
    """A gap that is infinite or not a number is no JSON number, and is written as null."""
    write_plan(tmp_path / "plan", {**tiny_plan(), "gap": np.inf, "service": {"a": np.float64("nan")}}, {}, {}, NETWORK)
    assert read_plan(tmp_path / "plan").json == {**tiny_plan(), "gap": None, "service": {"a": None}}


@pytest.mark.parametrize("version", ["2", "3"])
def test_a_new_plan_takes_the_place_of_the_old(tmp_path: Path, version: str) -> None:
    """Writing again leaves the new plan alone in the place, also through a link to it."""
    write(tmp_path / "plan")
    (tmp_path / "link").symlink_to(tmp_path / "plan")
    write(tmp_path / ("link" if version == "3" else "plan"), version)
    assert versions(tmp_path / "plan") == {version}
    assert (tmp_path / "link").is_symlink()
    assert leftovers(tmp_path / "plan") == []


def test_a_file_system_that_cannot_swap_gets_two_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without renameat2 the plan still arrives whole, the first time and over an old one."""

    def unsupported(source: Path, target: Path, flags: int) -> None:
        raise OSError(errno.EINVAL, "no such call here")

    monkeypatch.setattr(module, "_rename", unsupported)
    for version in ("1", "2"):
        write(tmp_path / "plan", version)
        assert versions(tmp_path / "plan") == {version}
        assert leftovers(tmp_path / "plan") == []


@pytest.mark.parametrize("kind", ["file", "folder", "empty folder", "other json"])
def test_what_is_no_plan_is_never_replaced(tmp_path: Path, kind: str) -> None:
    """An OUT that is a file or somebody's folder is refused in one sentence before anything is written."""
    out = tmp_path / "mine"
    if kind == "file":
        out.write_text("precious")
    else:
        out.mkdir()
    if kind == "folder":
        (out / "photo.jpg").write_text("precious")
    if kind == "other json":
        (out / "plan.json").write_text('{"my": "plan"}')
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ZapasError, match=r"^[^\n]*mine: [^\n]*\.$"), plan_folder(out):
        pytest.fail("the block must not begin")
    assert sorted(tmp_path.rglob("*")) == before


def test_what_appears_meanwhile_is_not_replaced_either(tmp_path: Path) -> None:
    """A folder somebody makes at OUT during planning is left alone."""
    with plan_folder(tmp_path / "plan") as partial:
        partial.write_json(tiny_plan())
        (tmp_path / "plan").mkdir()
        with pytest.raises(ZapasError, match="is no plan"):
            partial.finish()
    assert list(tmp_path.iterdir()) == [tmp_path / "plan"]


def test_a_plan_without_its_summary_is_not_finished(tmp_path: Path) -> None:
    """Finishing before plan.json is written is refused."""
    with pytest.raises(ZapasError, match=r"no plan\.json yet"), plan_folder(tmp_path / "plan") as partial:
        partial.finish()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [KeyboardInterrupt, ValueError, None])
def test_leaving_before_the_end_leaves_the_old_plan(tmp_path: Path, ending: type[BaseException] | None) -> None:
    """Ctrl-C, an error or a block that just ends: the old plan stays, the unfinished one is gone."""
    write(tmp_path / "plan")
    with pytest.raises(ending) if ending else nullcontext(), plan_folder(tmp_path / "plan") as partial:
        partial.write_frame("targets", FRAMES["targets"])
        if ending is KeyboardInterrupt:
            os.kill(os.getpid(), signal.SIGINT)
        if ending is ValueError:
            raise ValueError
    assert versions(tmp_path / "plan") == {"1"}
    assert leftovers(tmp_path / "plan") == []


def test_two_writers_in_one_process_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second writer is told so, and the first goes on undisturbed."""
    with plan_folder(tmp_path / "plan") as partial:
        with pytest.raises(ZapasError, match="being written"), plan_folder(tmp_path / "plan"):
            pytest.fail("the block must not begin")
        partial.write_json(tiny_plan())
        partial.finish()
    assert read_plan(tmp_path / "plan").json == tiny_plan()


def test_what_dead_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    """Partial folders of processes that are gone, or of an earlier process of this number, go; living ones stay."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone = [f"plan.partial-{dead.pid}", f"plan.partial-{dead.pid}-old", f"plan.partial-{os.getpid()}"]
    kept = [f"plan.partial-{os.getppid()}", f"other.partial-{dead.pid}", "plan.partial-notes"]
    for name in gone + kept:
        (tmp_path / name).mkdir()
    write(tmp_path / "plan")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["plan", *kept])


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    target = tmp_path / "small"
    target.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(target)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small file system: {done.stderr.strip()}")
    yield target
    subprocess.run(["umount", str(target)], check=True)


def test_a_full_disk_leaves_the_old_plan(tmpfs: Path) -> None:
    """No space left: one sentence, the old plan whole, nothing of the new one."""
    write(tmpfs / "plan")
    noise = np.random.default_rng(1).random(1_000_000)
    with pytest.raises(ZapasError, match=r"plan: the disk is full[^\n]*\.$"), plan_folder(tmpfs / "plan") as partial:
        partial.write_frame("forecast", pd.DataFrame({"mean": noise}))
    with pytest.raises(ZapasError, match="the disk is full"), plan_folder(tmpfs / "plan") as partial:
        partial.write_bytes("plan.xlsx", noise.tobytes())
    assert versions(tmpfs / "plan") == {"1"}
    assert leftovers(tmpfs / "plan") == []


def write_step_by_step(out: Path, parent: Connection) -> None:
    """Write a plan, telling the parent before every file-system call and waiting for its leave."""

    def ask(event: str, _: tuple[object, ...]) -> None:
        if event.startswith(FILE_SYSTEM_CALLS):
            parent.send(event)
            parent.recv()

    sys.addaudithook(ask)
    write(out, "2")
    os._exit(0)


@pytest.mark.parametrize("old", [True, False])
def test_a_writer_killed_at_any_moment_leaves_a_whole_plan_or_none(tmp_path: Path, old: bool) -> None:
    """kill -9 between its file-system calls: the old plan or the new, never a mixture; the next run cleans up."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    out, seen, moment = tmp_path / "plan", set[str](), 0 if old else 3
    while True:
        if old:
            write(out, "1")
        ours, theirs = context.Pipe()
        writer = context.Process(target=write_step_by_step, args=(out, theirs))
        writer.start()
        theirs.close()
        finished = _let_run(ours, moment)
        writer.kill()
        writer.join()
        ours.close()
        if out.exists():
            assert len(versions(out)) == 1
            seen |= versions(out)
        else:
            seen.add("none")
        if finished:
            break
        write(out, "3")  # whatever was left, the next plan arrives and nothing else stays
        assert [path.name for path in tmp_path.iterdir()] == ["plan"]
        shutil.rmtree(out)
        moment += 7
    assert seen == ({"1", "2"} if old else {"none", "2"})
    assert moment > 60


def _let_run(writer: Connection, calls: int) -> bool:
    """Grant this many calls and return at the next one (False), or when the writer is done (True)."""
    try:
        for _ in range(calls):
            writer.recv()
            writer.send(True)
        writer.recv()
    except EOFError:
        return True
    return False


def test_damage_is_named(tmp_path: Path) -> None:
    """A missing folder, a folder that is no plan, a missing and a truncated table: each is one sentence."""
    out = tmp_path / "plan"
    with pytest.raises(ZapasError, match="there is no plan folder"):
        read_plan(out)
    with pytest.raises(ZapasError, match="is no plan"):
        read_plan(tmp_path)
    write(out)
    targets = out / "targets.parquet"
    targets.write_bytes(targets.read_bytes()[:-20])
    (out / "shares.parquet").unlink()
    (out / "network" / "settings.json").write_text("{")
    plan = read_plan(out)
    with pytest.raises(ZapasError, match=r"damaged, targets\.parquet cannot be read"):
        plan.frame("targets")
    with pytest.raises(ZapasError, match=r"damaged, shares\.parquet is missing"):
        plan.frame("shares")
    with pytest.raises(ZapasError, match=r"damaged, network/settings\.json"):
        _ = plan.as_of
    (out / "plan.json").write_text('{"status": ')
    with pytest.raises(ZapasError, match=r"damaged, plan\.json"):
        read_plan(out)
