"""Prints a table per data set of every forecasting method's scores and draws build/forecasting/losses.svg.

    ZAPAS_REAL_DATA=folder python -m benchmarks.forecasting [--back K …] [--only NAME …]

K: how many horizons before the end the forecast is made; 1, the default, is the held-out end. Without real data only
the demo is measured.
"""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.forecasting.table import DataSet, data_sets, loss_chart, table_text, tables
from reports.charts import svg

OUT = Path("build/forecasting")


def main(arguments: list[str], sets: list[DataSet] | None = None, out: Path = OUT) -> int:
    """Measure, print, draw. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecasting", description=__doc__)
    parser.add_argument("--back", type=int, nargs="+", default=[1], help="origins, in horizons before the end")
    parser.add_argument("--only", nargs="+", default=[], help="data sets whose names begin so")
    chosen = parser.parse_args(arguments)
    if sets is None:
        real = os.environ.get("ZAPAS_REAL_DATA")
        sets = data_sets(Path(real) if real else None)
    sets = [data for data in sets if not chosen.only or data.name.startswith(tuple(chosen.only))]
    means = {}
    for name, mean in tables(sets, chosen.back, lambda text: print(f"{text} …", file=sys.stderr, flush=True)):
        means[name] = mean
        print(table_text(name, mean), end="\n\n", flush=True)
    if not means:
        print("No data set of that name is long enough.", file=sys.stderr)
        return 1
    out.mkdir(parents=True, exist_ok=True)
    (out / "losses.svg").write_text(svg(loss_chart(means)), encoding="utf-8")
    print(f"Chart: {out / 'losses.svg'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
