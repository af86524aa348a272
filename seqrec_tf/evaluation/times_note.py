"""What is said of a model that reads times, whose figures are of requests that have them."""

from collections.abc import Mapping
from typing import Any


def times_note(metrics: Mapping[str, Any]) -> str:
    """How good it is where a request says nothing of times; empty for a model that reads none.

    Args:
        metrics: the content of `metrics.json`.
    """
    if not metrics.get("without_times"):
        return ""
    figures = metrics["without_times"]
    return (
        "The figures are of requests that say when everything was; of requests that do not, "
        f"NDCG@10 is {figures['ndcg@10']:.4f} and HR@10 {figures['hit_rate@10']:.4f} (test)."
    )
