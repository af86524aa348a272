"""The metrics of a run, as `metrics.json` holds them.

Without TensorFlow: `seqrec_tf.evaluation.measuring` is what measures.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqrec_tf.errors import InputError
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
        unasked: users with a test target but nothing that is known before it; they are no queries.
        repeats: whether seen items may come up again.
        seen_targets: "test" and "validation" -> how many targets the user had seen before:
            misses, unless `repeats`.
        test: metric -> figure, such as "ndcg@10", of the test queries.
        validation: the same of the validation queries.
        without_times: of a model that reads times: as `test`, asked without any.
        baselines: each baseline's name -> the same, of the test queries.
        baselines_validation: the same of the validation queries.
        baseline_settings: of those that have any: what the validation queries chose.
        against: the best baseline in validation: its name as "baseline", and "mean" and "margin"
            of the paired difference to it in test NDCG@10
            (`seqrec_tf.evaluation.difference.Difference`).
        blend: what the item-item models beside a network are, and what they changed
            (`seqrec_tf.training.blending.Blending`); None where there is none.
        closed_form: of an item-item model: its settings, and what its rank costs
            (`seqrec_tf.training.closed_form.ClosedForm`); None for a network.
        refit: "interactions" and "model_digest" of the model that was trained on everything after
            this one had been measured; None where that was not wanted.
        breakdown: "history_length", "popularity" and "cold_start" -> rows of
            `seqrec_tf.evaluation.breakdown.breakdown`, of the test queries.
        recommended: "model" and each baseline's name -> what is recommended to the test queries'
            users, right or wrong (`seqrec_tf.evaluation.recommended.describe`).
        model_digest: of the model that was measured, `sha256:...`.
        others: what else the file holds, by key.
    """

    protocol: str
    users: int | None = None
    unasked: int | None = None
    repeats: bool | None = None
    seen_targets: dict[str, int] | None = None
    test: Figures = field(default_factory=dict)
    validation: Figures = field(default_factory=dict)
    without_times: Figures = field(default_factory=dict)
    baselines: dict[str, Figures] = field(default_factory=dict)
    baselines_validation: dict[str, Figures] = field(default_factory=dict)
    baseline_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    against: dict[str, Any] | None = None
    blend: dict[str, Any] | None = None
    closed_form: dict[str, Any] | None = None
    refit: dict[str, Any] | None = None
    breakdown: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    recommended: dict[str, Figures] = field(default_factory=dict)
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


def best_baseline(baselines: Mapping[str, Figures]) -> str:
    """The one with the highest NDCG@10; of equals the one named last, which costs more to beat."""
    return max(reversed(list(baselines)), key=lambda name: baselines[name]["ndcg@10"])
