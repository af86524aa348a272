"""The picture of a load test: latency by percentile, on an axis that shows the slow tail."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from serving.load.latency import Latencies

COLOR, UNCORRECTED = "#1f66ad", "#999999"
TICKS = (0, 50, 90, 99, 99.9, 99.99, 99.999)


def draw_latencies(path: Path, both: Latencies, facts: dict) -> None:
    """Latency against percentile, corrected and not.

    Args:
        path: the PNG to write.
        both: at least one latency each.
        facts: what `serving.load.latency.report` says of them.
    """
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for values, color, label in (
        (both.uncorrected, UNCORRECTED, "from the sending"),
        (both.corrected, COLOR, "corrected for coordinated omission"),
    ):
        # Place p at 1 / (1 - p), so that each further nine takes as much room as the last.
        below = np.arange(values.size) / values.size
        axes.step(1 / (1 - below), values, where="post", color=color, label=label)
    ticks = [tick for tick in TICKS if tick < 100 * (1 - 1 / both.corrected.size)]
    axes.set_xscale("log")
    axes.set_xticks([1 / (1 - tick / 100) for tick in ticks], [f"{tick:g} %" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(0, None)
    axes.set_xlabel("share of requests that were faster")
    axes.set_ylabel("milliseconds")
    axes.set_title(_title(facts))
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=110)


def _title(facts: dict) -> str:
    loop = "closed loop" if facts["rate"] is None else f"{facts['rate']:g} requests a second due"
    errors = sum(facts["errors"].values())
    return (
        f"{facts['answers_a_second']:g} answers a second, {facts['concurrency']} connections, "
        f"{loop}, {errors:,} errors"
    )
