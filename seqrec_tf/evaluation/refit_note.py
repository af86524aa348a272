"""What is said of a model that has learnt from what its figures were measured on."""

from collections.abc import Mapping
from typing import Any


def refit_note(metrics: Mapping[str, Any]) -> str:
    """Which model the figures are of, after a refit; empty without one.

    Args:
        metrics: the content of `metrics.json`.
    """
    if not metrics.get("refit"):
        return ""
    return (
        f"What is exported has been trained again, on all {metrics['refit']['interactions']:,} "
        "interactions. The figures are of the model before, which had not seen what it was asked; "
        "those of quantisation and of an index are of what is exported, which has, and compare "
        "with each other only."
    )
