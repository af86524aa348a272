"""What is said of targets that their user had seen before, which serving would hide."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqrec_tf.data.dataset import Dataset


def seen_note(metrics: Mapping[str, Any]) -> str:
    """One sentence: how many targets had been seen before, and what became of them.

    Args:
        metrics: the content of `metrics.json`.

    Returns:
        The sentence; empty for the metrics of a run from before this was counted.
    """
    if "seen_targets" not in metrics:
        return ""
    seen, users = metrics["seen_targets"]["test"], metrics["users"]
    counted = f"{seen:,} of {users:,} test targets had been seen before"
    if metrics["repeats"]:
        return f"{counted}; seen items may come up again (--repeats)."
    if not seen:
        return f"{counted}; seen items are hidden."
    return f"{counted}, and count as misses; train with --repeats to let seen items come up."


def every_target_is_hidden(metrics: Mapping[str, Any]) -> bool:
    """Whether no model at all could have hit a test target."""
    hidden = 0 if metrics.get("repeats") else metrics.get("seen_targets", {}).get("test", 0)
    return hidden == metrics["users"]


def warn_of_seen_targets(dataset: "Dataset") -> None:
    """Say on stderr how many targets no epoch can hit, because their user had seen them."""
    parts = {"validation": dataset.split.validation, "test": dataset.split.test}
    seen = {name: int(queries.seen().sum()) for name, queries in parts.items()}
    if dataset.config.repeats or not any(seen.values()):
        return
    counted = " and ".join(f"{seen[name]:,} of {len(parts[name]):,} {name}" for name in parts)
    blind = seen["validation"] == len(dataset.split.validation)
    print(
        f"warning: {counted} targets had been seen before, and count as misses"
        f"{', so that no epoch is better than another' if blind else ''}; "
        "--repeats lets seen items come up again",
        file=sys.stderr,
    )
