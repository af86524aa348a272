"""The metrics of a run, as `metrics.json` holds them, and what is said of them.

Without TensorFlow: `seqrec_tf.evaluation.measuring` is what measures.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.seen_targets import every_target_is_hidden, seen_note
from seqrec_tf.json_files import read_json, write_json

CUTOFFS = (5, 10, 20)
Figures = dict[str, float]


@dataclass(frozen=True)
class Metrics:
    """How good an encoder is under a named protocol, next to the baselines.

    What an older run did not measure is None, or empty.

    Attributes:
        protocol: with filters that are not its own, as in tables.
        users: how many test queries.
        repeats: whether seen items may come up again.
        seen_targets: "test" and "validation" -> how many targets the user had seen before:
            misses, unless `repeats`.
        test: metric -> figure, such as "ndcg@10", of the test queries.
        validation: the same of the validation queries.
        baselines: "popularity" and "markov" -> the same, of the test queries.
        breakdown: "history_length" and "popularity" -> rows of
            `seqrec_tf.evaluation.breakdown.breakdown`, of the test queries.
        model_digest: of the model that was measured, `sha256:...`.
        others: what else the file holds, by key.
    """

    protocol: str
    users: int | None = None
    repeats: bool | None = None
    seen_targets: dict[str, int] | None = None
    test: Figures = field(default_factory=dict)
    validation: Figures = field(default_factory=dict)
    baselines: dict[str, Figures] = field(default_factory=dict)
    breakdown: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    model_digest: str | None = None
    others: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As `metrics.json` holds them."""
        values = {name: getattr(self, name) for name in _known()}
        return {k: v for k, v in values.items() if v is not None and v != {}} | self.others

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "metrics") -> "Metrics":
        """The reverse of `as_dict`.

        Raises:
            InputError: no protocol; the message names `source`.
        """
        if not isinstance(values.get("protocol"), str):
            raise InputError(
                f"{source}: expected metrics, with their protocol. "
                f"Received: {', '.join(values) or 'nothing'}."
            )
        known = {name: values[name] for name in _known() if name in values}
        return cls(**known, others={k: v for k, v in values.items() if k not in known})

    @classmethod
    def read(cls, path: Path) -> "Metrics":
        """Read a `metrics.json`.

        Raises:
            InputError: no JSON object, or no metrics.
            OSError: it cannot be read.
        """
        return cls.from_dict(read_json(path), str(path))

    def write(self, path: Path) -> None:
        """Write a `metrics.json`, complete or not at all."""
        write_json(path, self.as_dict())


def _known() -> list[str]:
    return [item.name for item in dataclasses.fields(Metrics) if item.name != "others"]


def unbeaten_baselines(metrics: Metrics) -> list[str]:
    """The baselines that are at least as good as the model in test NDCG@10."""
    own = metrics.test["ndcg@10"]
    return [name for name, row in metrics.baselines.items() if row["ndcg@10"] >= own]


def table(metrics: Metrics, name: str, cutoffs: Sequence[int] = CUTOFFS) -> str:
    """The metrics as a text table, with a verdict on the baselines.

    Args:
        metrics: of an evaluation.
        name: what the table calls the model.
        cutoffs: k of the columns, some of `CUTOFFS`.
    """
    columns = [f"{m}@{k}" for m in ("hit_rate", "ndcg", "mrr", "coverage") for k in cutoffs]
    rows = {
        f"{name} (test)": metrics.test,
        f"{name} (validation)": metrics.validation,
        **{f"{baseline} (test)": row for baseline, row in metrics.baselines.items()},
    }
    width = max(map(len, rows))
    lines = [f"protocol {metrics.protocol}, {metrics.users} users"]
    lines.append(" ".join([" " * width, *(f"{column:>12}" for column in columns)]))
    for label, row in rows.items():
        lines.append(" ".join([f"{label:<{width}}", *(f"{row[c]:>12.4f}" for c in columns)]))
    return "\n".join([*lines, verdict(metrics, name), seen_note(metrics.as_dict())])


def verdict(metrics: Metrics, name: str) -> str:
    """One sentence: does the model beat the baselines?"""
    if every_target_is_hidden(metrics.as_dict()):
        return "Nothing is known of how good it is: every test target had been seen, and is hidden."
    better = unbeaten_baselines(metrics)
    if better:
        return f"{name} does NOT beat {' and '.join(better)} in test NDCG@10."
    return f"{name} beats every baseline in test NDCG@10."
