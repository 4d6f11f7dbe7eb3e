"""Every forecasting method against every other on the same demand: one table and one chart per data set.

Nothing after an origin is seen by any method; the mix is chosen at origins before it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import altair as alt
import numpy as np
import pandas as pd

from benchmarks.forecasting.peer import quantile_peer
from forecasting.backtest import MIX, law_scores, quantile_scores
from forecasting.contenders.bootstrap import empirical_windows, willemain
from forecasting.contenders.point_methods import POINT_METHODS
from forecasting.methods import SURVIVORS
from forecasting.selection import blended, select
from forecasting.series import Contender
from forecasting.trials import panel_trials
from scenarios.backtest import known_future, known_series
from simulation.demo import generate
from storage.panel import Panel, read_panel

PEER = "LightGBM quantiles"
BESIDE: Mapping[str, Contender] = {**POINT_METHODS, "windows": empirical_windows, "Willemain": willemain}
REAL = (("carparts", "carparts.csv.gz", 6), ("auto", "auto.csv.gz", 3))
DEMO_HORIZONS = (8, 26)
WEEKS_PER_YEAR = 52


@dataclass(frozen=True)
class DataSet:
    """A panel and the periods ahead over which demand is judged."""

    name: str
    panel: Panel
    horizon: int


def data_sets(real_data: Path | None) -> list[DataSet]:
    """The real sets where they are at hand, and the weeks of the small demo over two horizons."""
    real = [DataSet(name, read_panel(real_data / file), horizon) for name, file, horizon in REAL] if real_data else []
    return [*real, *(DataSet(f"demo over {weeks} weeks", demo_panel(), weeks) for weeks in DEMO_HORIZONS)]


def demo_panel(every: int = 1) -> Panel:
    """Demand of the small demo by part and region in whole weeks, served or not; every n-th part."""
    tables = generate("small", seed=1).tables
    region = tables["sites"].set_index("site")["region"]
    parts = np.sort(tables["parts"]["part"].to_numpy(object))[::every]
    usage = tables["usage"][tables["usage"]["part"].isin(parts)]
    week = pd.to_datetime(usage["date"]).dt.to_period("W-SUN").dt.start_time
    key = usage["part"] + " " + usage["site"].map(region)
    wide = usage.pivot_table(index=key, columns=week, values="quantity", aggfunc="sum", fill_value=0)
    weeks = pd.date_range(wide.columns.min(), wide.columns.max(), freq="7D")
    wide = wide.reindex(columns=weeks, fill_value=0).iloc[:, 1:-1].sort_index()  # the ends may be cut
    part_class = tables["parts"].set_index("part")["part_class"]
    return Panel(
        series=wide.index.to_numpy(object),
        periods=wide.columns.to_numpy("datetime64[D]"),
        quantity=wide.to_numpy(np.float64),
        part_class=part_class.reindex([name.split(" ")[0] for name in wide.index]).to_numpy(object),
        spacing="week",
        season=WEEKS_PER_YEAR,
    )


def contest(data: DataSet, back: int, tell: Callable[[str], None] = lambda text: None) -> pd.DataFrame:
    """Scores and seconds of every method at the origin `back` horizons before the end.

    Raises ValueError when no period is left to learn from.
    """
    origin = len(data.panel.periods) - back * data.horizon
    if origin < 1 or back < 1:
        raise ValueError(f"{data.name}: there is no period {back} horizons before the end")
    panel, horizon = data.panel.until(origin), data.horizon
    history, future = known_series(panel, panel.season), known_future(data.panel, origin, horizon)
    names = sorted(set(panel.part_class.astype(str)))
    ahead = np.ones((len(history), horizon))
    rows = []
    for name, contender in {**SURVIVORS, **BESIDE}.items():
        tell(f"{data.name}, {back} back: {name}")
        begun = perf_counter()
        law = contender(history, ahead, horizon)
        seconds = perf_counter() - begun
        rows.append(law_scores(name, law, history, future, horizon) | {"seconds": seconds})
    tell(f"{data.name}, {back} back: {PEER}")
    begun = perf_counter()
    quantiles = quantile_peer(history, horizon)
    seconds = perf_counter() - begun
    rows.append(quantile_scores(PEER, quantiles, history, future, horizon) | {"seconds": seconds})
    tell(f"{data.name}, {back} back: {MIX}")
    begun = perf_counter()
    methods = select(panel_trials(history, names, horizon), SURVIVORS, horizon)
    law = blended(methods, SURVIVORS, names, history, ahead)
    seconds = perf_counter() - begun
    rows.append(law_scores(MIX, law, history, future, horizon) | {"seconds": seconds})
    return pd.DataFrame(rows).assign(back=back)


def averaged(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean over the origins of every method, best loss first."""
    return scores.drop(columns="back").groupby("method", sort=False).mean().sort_values("scaled_pinball_loss")


def table_text(name: str, mean: pd.DataFrame) -> str:
    """The averaged scores as a Markdown table; calibrated is below ≤ q ≤ covered."""
    levels = (80, 90, 95, 99)
    head = ["method", "scaled pinball loss", "bias", *(f"below–covered {level} %" for level in levels), "PIT off by"]
    lines = [f"### {name}", "", f"| {' | '.join([*head, 's'])} |", f"|{'---|' * (len(head) + 1)}"]
    for method, row in mean.iterrows():
        calibration = [f"{row[f'below_{level}']:.3f}–{row[f'covered_{level}']:.3f}" for level in levels]
        bias, pit = (
            "" if np.isnan(row[c]) else f"{row[c]:{form}}" for c, form in (("bias", "+.1%"), ("pit_distance", ".3f"))
        )
        cells = [str(method), f"{row['scaled_pinball_loss']:.4f}", bias, *calibration, pit, f"{row['seconds']:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def loss_chart(means: Mapping[str, pd.DataFrame]) -> alt.FacetChart:
    """Scaled pinball loss of every method, a panel per data set."""
    long = pd.concat([mean.reset_index().assign(data=name) for name, mean in means.items()])
    long = long.assign(kind=np.where(long["method"] == MIX, "what plans use", "alone"))
    bars = alt.Chart(long[["method", "data", "kind", "scaled_pinball_loss"]], width=260, height=220).mark_bar()
    bars = bars.encode(
        x=alt.X("scaled_pinball_loss:Q", title="scaled pinball loss (lower is better)"),
        y=alt.Y("method:N", title=None, sort="x"),
        color=alt.Color("kind:N", title=None, scale=alt.Scale(range=["#9A9A9A", "#0072B2"])),
    )
    chart: alt.FacetChart = bars.facet(facet=alt.Facet("data:N", title=None, sort=list(means)), columns=2)
    independent: alt.FacetChart = chart.resolve_scale(y="independent", x="independent")
    return independent


def tables(
    sets: Iterable[DataSet], backs: Sequence[int], tell: Callable[[str], None] = lambda text: None
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Averaged scores of every data set over the origins `backs`, those it is long enough for."""
    for data in sets:
        reach = [back for back in backs if len(data.panel.periods) - back * data.horizon > data.horizon]
        if reach:
            yield data.name, averaged(pd.concat([contest(data, back, tell) for back in reach]))
