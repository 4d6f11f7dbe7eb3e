"""What `zapas plan` leaves when it is ended: Ctrl-C, kill -9 at any step, a disk that fills up."""

import os
import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.console import contents, process, read_until, zapas

STEPS = (
    "Reading the network",
    "Forecasting demand",
    "Setting stock targets",
    "Planning orders and shipments",
    "Allocating today's stock",
    "Writing the report",
)


def test_ctrl_c_leaves_the_old_plan(network: Path, plan: Path) -> None:
    """Ctrl-C in the middle of planning exits 130 within the step, says so, and leaves the folder as it was."""
    before = contents(plan.parent)
    with process("plan", network, "--out", plan) as planner:
        read_until(planner, "Planning orders and shipments")
        planner.send_signal(signal.SIGINT)
        out, rest = planner.communicate()
    assert (planner.returncode, out) == (130, "")
    assert rest.splitlines()[-1] == "Interrupted; nothing was changed."
    assert "Traceback" not in rest
    assert contents(plan.parent) == before


@pytest.mark.parametrize("seed", [1, 2])
def test_kill_leaves_the_old_plan_or_none(seed: int, network: Path, plan: Path) -> None:
    """Killed at a random step, with and without a plan there before, OUT is as it was; the next run clears the rest."""
    moment, out = random.Random(seed).choice(STEPS), (plan if seed % 2 else plan.with_name("new"))
    before = contents(plan.parent)
    with process("plan", network, "--out", out) as planner:
        read_until(planner, moment)
        planner.kill()
        planner.wait()
    assert planner.returncode == -signal.SIGKILL
    stale = f"{out.name}.partial-{planner.pid}"
    left = contents(plan.parent)
    assert {name: content for name, content in left.items() if not name.startswith(stale)} == before
    assert (plan.parent / stale).is_dir()
    zapas("plan", network, "--out", out, "--only", "part=none")  # a run that gets no further than its folder
    assert not (plan.parent / stale).exists()
    assert contents(plan.parent) == before


def test_a_full_disk_leaves_the_old_plan(network: Path, plan: Path, tmp_path: Path) -> None:
    """On a disk that fills up the plan there before stays whole, nothing half-written stays, one sentence says so."""
    disk = tmp_path / "disk"
    disk.mkdir()
    block = os.statvfs(plan).f_bsize
    blocks = sum(-(-len(content) // block) + 1 for content in contents(plan).values())
    size = (blocks + 16) * block  # the old plan, and room for the first tables of a new one
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk of our own cannot be mounted here: {mounted.stderr.strip()}")
    try:
        out = shutil.copytree(plan, disk / "plan")
        before = contents(disk)
        done = zapas("plan", network, "--out", out)
        assert (done.code, "the disk is full" in done.sentence) == (1, True)
        assert contents(disk) == before
        assert [child.name for child in disk.iterdir()] == ["plan"]
    finally:
        subprocess.run(["umount", disk], check=True)
