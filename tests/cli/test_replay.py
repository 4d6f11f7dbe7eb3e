"""`zapas replay` on the console."""

import json
import signal
from pathlib import Path

from tests.cli.console import process, read_until, zapas


def test_replay_sets_ours_beside_the_company_in_words_and_as_json(network: Path, tmp_path: Path) -> None:
    """The real pipeline replans twice over four weeks; words and JSON tell the same, null where nobody knows."""
    told = zapas("replay", network, "--from", "2025-06-01", "--every", 2, "--out", tmp_path / "replay.json")
    assert told.code == 0, told.err
    found = json.loads((tmp_path / "replay.json").read_text(encoding="utf-8"))
    assert (found["from"], found["until"], found["weeks"], found["plans"]) == ("2025-06-02", "2025-06-29", 4, 2)
    assert found["repairs"] > 0
    assert 0.0 <= found["ours"]["fill_rate"] <= found["ours"]["served_at_all"] <= 1.0
    assert found["ours"]["cost"].keys() >= {"purchase", "freight", "duty", "holding", "shortage", "end", "total"}
    assert found["company"]["cost"] is None
    assert f"{found['company']['served_at_all']:.1%}" in told.out
    assert f"{found['ours']['comparable_cost']:,.0f}" in told.out
    assert "There are no receipts" in told.out
    assert "Planning week 3 of 4" in told.err


def test_what_replay_cannot_do_is_one_sentence(network: Path, tmp_path: Path) -> None:
    """A date that is none, or outside the history: exit code 1 and why; nothing is written."""
    for day, why in (
        ("June", "write the date as 2025-06-29"),
        ("2025-06-25", "no whole week"),
        ("2020-01-01", "usage begins"),
    ):
        answer = zapas("replay", network, "--from", day, "--out", tmp_path / "replay.json")
        assert answer.code == 1
        assert why in answer.sentence
    assert not (tmp_path / "replay.json").exists()


def test_an_interrupted_replay_leaves_nothing(network: Path, tmp_path: Path) -> None:
    """Ctrl-C while a week is planned: exit code 130, one sentence, no file."""
    with process("replay", network, "--from", "2025-01-05", "--out", tmp_path / "replay.json") as running:
        read_until(running, "Planning week 1 of")
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Interrupted" in err
    assert not (tmp_path / "replay.json").exists()
