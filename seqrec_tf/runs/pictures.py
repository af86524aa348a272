"""The pictures of a model card: how the run learnt, and where the model is weak."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from seqrec_tf.evaluation.metrics import Metrics

# One colour for one scorer in every picture; told apart by the colour-blind as well.
COLORS = {
    "A": "#1f66ad",
    "B": "#e08214",
    "model": "#1f66ad",
    "popularity": "#9a9a9a",
    "recent popularity": "#5e5e5e",
    "markov": "#e08214",
    "item-knn": "#1b8a5a",
    "ease": "#8e3a9d",
}
LOSS_COLOR = "#444444"
DASHES = {
    "popularity": (0, (1, 1.5)),
    "recent popularity": (0, (1, 3)),
    "markov": (0, (5, 2)),
    "item-knn": (0, (5, 1, 1, 1)),
    "ease": (0, (8, 2)),
}
TITLES = {"history_length": "Items in the history", "popularity": "Popularity of the target"}


def draw_learning_curve(path: Path, metrics: Metrics, history: list[dict], best_epoch: int) -> None:
    """Training loss and validation NDCG@10, each against epochs and against wall-clock.

    The baselines' lines and the diamond, the kept model, are of the test queries, so these compare
    with each other; the curve is of the validation queries.

    Args:
        path: the PNG to write.
        metrics: of the kept model.
        history: a row an epoch, with "loss", "val_ndcg@10" and "seconds" since training began.
        best_epoch: the kept epoch, from 1.
    """
    seconds = [row["seconds"] for row in history]
    unit, size = _time_unit(seconds[-1])
    figure = Figure(figsize=(10, 6.6), layout=_layout())
    panels = figure.subplots(2, 2, sharex="col", sharey="row")
    columns: tuple[tuple[str, Sequence[float]], ...] = (
        ("epoch", range(1, len(history) + 1)),
        (f"wall-clock, {unit}", [value / size for value in seconds]),
    )
    for (loss, score), (label, progress) in zip(panels.T, columns, strict=True):
        loss.plot(progress, [row["loss"] for row in history], ".-", color=LOSS_COLOR)
        _draw_scores(score, progress, metrics, history, best_epoch)
        score.set_xlabel(label)
        score.set_xlim(0, progress[-1] * 1.03)  # the last marker is whole
    panels[1, 0].xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    panels[0, 0].set_ylabel("training loss")
    panels[1, 0].set_ylabel("NDCG@10")
    panels[1, 0].set_ylim(bottom=0)
    for axes in panels.flat:
        _clean(axes)
    _save(figure, path, panels[1, 0], f"Learning curve, protocol {metrics.protocol}")


def draw_breakdown(path: Path, metrics: Metrics, name: str) -> None:
    """Test NDCG@10 by history length and by popularity: the model beside the baselines.

    Args:
        path: the PNG to write.
        metrics: of the kept model.
        name: what to call the model.
    """
    figure = Figure(figsize=(11, 4.2), layout=_layout())
    scorers = {"model": name, **{rival: rival for rival in metrics.baselines}}
    panels = _draw_parts(figure, metrics.breakdown, scorers)
    _save(figure, path, panels[0], f"Test queries, protocol {metrics.protocol}")


def draw_comparison(
    path: Path, parts: dict[str, list[dict]], names: tuple[str, str], title: str
) -> None:
    """Test NDCG@10 of two models side by side, by history length and by popularity.

    Args:
        path: the PNG to write.
        parts: of `seqrec_tf.evaluation.breakdown.breakdown`, with scorers "A" and "B".
        names: what the legend calls them.
        title: of the picture.
    """
    figure = Figure(figsize=(11, 4.2), layout=_layout())
    labels = dict(zip("AB", names, strict=True))
    panels = _draw_parts(figure, parts, labels)
    _save(figure, path, panels[0], title)


def _draw_parts(
    figure: Figure, parts: dict[str, list[dict]], scorers: dict[str, str]
) -> Sequence[Axes]:
    """A chart of bars a part, over one scale."""
    parts = {part: rows for part, rows in parts.items() if part in TITLES}
    # A bar of one chart is as wide as a bar of the other; a chart alone needs room for its title.
    widths = [max(len(rows), 2) for rows in parts.values()]
    panels = figure.subplots(
        1, len(parts), sharey=True, squeeze=False, gridspec_kw={"width_ratios": widths}
    )[0]
    for axes, (part, rows) in zip(panels, parts.items(), strict=True):
        _draw_bars(axes, rows, scorers)
        axes.set_title(TITLES[part], fontsize=11)
    panels[0].set_ylabel("NDCG@10")
    # Room for the figures on top of the bars, also where nothing was found.
    panels[0].set_ylim(0, max(panels[0].get_ylim()[1], 0.01) * 1.03)
    return panels


def _layout() -> ConstrainedLayoutEngine:
    """No text touches another, nor the edge of the picture (padding in inches)."""
    return ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06)


def _time_unit(seconds: float) -> tuple[str, float]:
    """A unit that keeps the axis' figures short, and its length in seconds."""
    if seconds < 180:
        return "seconds", 1.0
    return ("minutes", 60.0) if seconds < 3 * 3600 else ("hours", 3600.0)


def _draw_scores(
    axes: Axes, progress: Sequence[float], metrics: Metrics, history: list[dict], best_epoch: int
) -> None:
    scores = [row["val_ndcg@10"] for row in history]
    axes.plot(progress, scores, ".-", color=COLORS["model"], label="validation")
    best = progress[best_epoch - 1]
    axes.plot(
        *(best, metrics.test["ndcg@10"]),
        linestyle="none",
        zorder=3,  # above the baselines
        marker="D",
        markersize=8,
        markerfacecolor="white",
        markeredgecolor=COLORS["model"],
        markeredgewidth=1.6,
        label=f"kept model, epoch {best_epoch} (test)",
    )
    for rival, row in metrics.baselines.items():
        style: dict[str, Any] = {
            "color": COLORS[rival],
            "linestyle": DASHES[rival],
            "linewidth": 1.8,
        }
        axes.axhline(row["ndcg@10"], label=f"{rival} (test)", **style)


def _draw_bars(axes: Axes, rows: list[dict], scorers: dict[str, str]) -> None:
    """A group of bars a bucket; `scorers` are keys of the rows and their names in the legend."""
    width = 0.8 / len(scorers)
    for number, (scorer, label) in enumerate(scorers.items()):
        left = [group - 0.4 + (number + 0.5) * width for group in range(len(rows))]
        heights = [row[scorer]["ndcg@10"] for row in rows]
        bars = axes.bar(left, heights, width * 0.92, color=COLORS[scorer], label=label)
        # There is no room for more; the card's tables have all.
        if scorer == "model" or len(scorers) == 2:
            axes.bar_label(bars, fmt="{:.3f}", fontsize=8, padding=2, color=COLORS[scorer])
    ticks = [f"{row['bucket']}\nn = {row['queries']:,}" for row in rows]
    axes.set_xticks(range(len(rows)), ticks)
    axes.set_xlim(-0.5, max(len(rows), 1) - 0.5)
    axes.tick_params(axis="x", length=0)
    _clean(axes)


def _clean(axes: Axes) -> None:
    """Only the lines that help to read a value."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)


def _save(figure: Figure, path: Path, legend_of: Axes, title: str) -> None:
    """Write the PNG, with a title and one legend, which says the same for all charts."""
    figure.suptitle(title, fontweight="bold")
    handles, labels = legend_of.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(path, dpi=120)
