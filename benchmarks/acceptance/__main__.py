"""`python -m benchmarks.acceptance`: run the lines, say what was measured, renew their rows of docs/acceptance.md."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.machine import machine_facts

from .line import Bench, chosen, run
from .lines import LINES
from .table import rows_of, table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "acceptance.md"
_BUT_THE_PAGE = ("--", ".", f":!{PAGE.relative_to(ROOT)}")


def main(arguments: Sequence[str]) -> int:
    """Run the lines named, all by default, and renew their rows of the page. Returns 1 if one failed."""
    asked = _parser().parse_args(arguments)
    try:
        left_out = {line.name for line in chosen(LINES, asked.without)} if asked.without else set()
        lines = tuple(line for line in chosen(LINES, asked.only) if line.name not in left_out)
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    code = _code()
    real_data = os.environ.get("ZAPAS_REAL_DATA")
    with TemporaryDirectory(prefix="zapas-acceptance-") as folder:
        data = Path(real_data) if real_data else None
        bench = Bench(ROOT, Path(folder), data, asked.networks, asked.note, lambda text: print(text, flush=True))
        outcomes = run(lines, bench)
    passed = sum(outcome.passed for outcome in outcomes)
    print(f"\n{passed} of {len(outcomes)} lines passed.")
    if _code() != code:
        print("The code was changed meanwhile: these figures are of no one version. Run again.", file=sys.stderr)
        return 1
    when = f"{asked.date or _git('log', '-1', '--format=%cs')}, {_commit()}"
    page = table(LINES, outcomes, machine_facts(), when, rows_of(PAGE.read_text("utf-8") if PAGE.exists() else ""))
    PAGE.write_text(page, encoding="utf-8")
    print(f"Written: {PAGE.name}")
    return 0 if passed == len(outcomes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acceptance", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="LINE", help="these lines only")
    parser.add_argument("--without", nargs="+", default=[], metavar="LINE", help="all lines but these")
    parser.add_argument(
        "--date", type=lambda text: date.fromisoformat(text).isoformat(), help="instead of the commit's"
    )
    parser.add_argument("--note", default="", help="what was seen by eye, instead of docs/looked_at.md")
    parser.add_argument("--networks", type=int, default=200, help="random networks, fewer to try (200)")
    return parser


def _commit() -> str:
    """The commit measured, and whether files were changed since."""
    changed = _git("status", "--porcelain", "--untracked-files=no", *_BUT_THE_PAGE)
    return f"commit {_git('rev-parse', '--short', 'HEAD')}" + (", with changes not yet committed" if changed else "")


def _code() -> str:
    """The commit and what was changed since."""
    return _git("rev-parse", "HEAD") + _git("diff", "HEAD", *_BUT_THE_PAGE)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        sys.exit(130)
