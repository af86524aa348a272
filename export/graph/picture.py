"""The picture of an index: what a request finds, and how long it takes."""

from pathlib import Path

from matplotlib.figure import Figure

COLOR, EXACT = "#1f66ad", "#444444"


def draw_retrieval(path: Path, facts: dict, k: int) -> None:
    """Recall@k against milliseconds a request, at several probe counts, beside exact retrieval.

    Args:
        path: the PNG to write.
        facts: what `export.graph.choice.build_index` says of an index of cells.
        k: items recommended.
    """
    exact, *points = facts["curve"]
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    times = [point["milliseconds"] for point in points]
    axes.plot(times, [point[f"recall@{k}"] for point in points], "o-", color=COLOR, label="cells")
    for point, time in zip(points, times, strict=True):
        place = {"textcoords": "offset points", "xytext": (6, -12)}
        axes.annotate(str(point["probes"]), (time, point[f"recall@{k}"]), color=COLOR, **place)
    axes.plot(exact["milliseconds"], 1, "s", color=EXACT, label="exact")
    axes.set_xscale("log")
    for formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        formatter("{x:g}")
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("milliseconds a search (one vector, median)")
    axes.set_ylabel(f"share of the {k} items that exact retrieval serves")
    axes.set_title(
        f"{facts['cells']:,} cells; numbers: cells looked into ({facts['probes']} kept)\n"
        f"{facts['recall_of'].split('; ')[-1]}"
    )
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=110)
