"""The picture of an index: what a request finds, and how long it takes."""

from pathlib import Path

from matplotlib.figure import Figure

from export.artifact.documents import Retrieval

COLOR, EXACT = "#1f66ad", "#444444"


def draw_retrieval(path: Path, facts: Retrieval) -> None:
    """Recall@k against milliseconds a request, at several probe counts, beside exact retrieval.

    Nothing is drawn where nothing was measured of cells.

    Args:
        path: the PNG to write.
        facts: what `export.graph.choice.build_index` says of an index.
    """
    cells, recall = facts.cells, facts.recall
    if not facts.curve or cells is None or recall is None:
        return
    exact, *points = facts.curve
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    times = [point.milliseconds for point in points]
    axes.plot(times, [point.recall for point in points], "o-", color=COLOR, label="cells")
    for point, time in zip(points, times, strict=True):
        axes.annotate(
            str(point.probes),
            (time, point.recall),
            xytext=(6, -12),
            textcoords="offset points",
            color=COLOR,
        )
    axes.plot(exact.milliseconds, 1, "s", color=EXACT, label="exact")
    axes.set_xscale("log")
    for formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        formatter("{x:g}")
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("milliseconds a search (one vector, median)")
    axes.set_ylabel(f"share of the {recall.k} items that exact retrieval serves")
    axes.set_title(
        f"{cells.cells:,} cells; numbers: cells looked into ({cells.probes} kept)\n"
        f"{(recall.of or '').split('; ')[-1]}"
    )
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=110)
