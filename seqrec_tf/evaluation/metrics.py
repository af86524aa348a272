"""The metrics of a run, as `metrics.json` holds them, and what is said of them.

Without TensorFlow: `seqrec_tf.evaluation.measuring` is what measures.
"""

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.difference import Difference
from seqrec_tf.evaluation.refit_note import refit_note
from seqrec_tf.evaluation.seen_targets import every_target_is_hidden, seen_note
from seqrec_tf.json_files import read_json, write_json
from seqrec_tf.settings.config import CLOSED_FORM

CUTOFFS = (5, 10, 20)
LINE = 100  # columns of a sentence on a screen
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
        baselines: each baseline's name -> the same, of the test queries.
        baselines_validation: the same of the validation queries.
        baseline_settings: of those that have any: what the validation queries chose.
        against: the best baseline in validation: its name as "baseline", and "mean" and "margin"
            of the paired difference to it in test NDCG@10
            (`seqrec_tf.evaluation.difference.Difference`).
        blend: what the item-item model beside a network is, and what it changed
            (`seqrec_tf.training.blending.Blending`); None where there is none.
        closed_form: of an item-item model: its settings, and what its rank costs
            (`seqrec_tf.training.closed_form.ClosedForm`); None for a network.
        refit: "interactions" and "model_digest" of the model that was trained on everything after
            this one had been measured; None where that was not wanted.
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
    baselines_validation: dict[str, Figures] = field(default_factory=dict)
    baseline_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    against: dict[str, Any] | None = None
    blend: dict[str, Any] | None = None
    closed_form: dict[str, Any] | None = None
    refit: dict[str, Any] | None = None
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


def best_baseline(baselines: Mapping[str, Figures]) -> str:
    """The one with the highest NDCG@10; of equals the one named last, which costs more to beat."""
    return max(reversed(list(baselines)), key=lambda name: baselines[name]["ndcg@10"])


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
        **{f"{baseline_label(metrics, b)} (test)": row for b, row in metrics.baselines.items()},
    }
    width = max(map(len, rows))
    lines = [f"protocol {metrics.protocol}, {metrics.users} users"]
    lines.append(" ".join([" " * width, *(f"{column:>12}" for column in columns)]))
    for label, row in rows.items():
        lines.append(" ".join([f"{label:<{width}}", *(f"{row[c]:>12.4f}" for c in columns)]))
    said = [*notes(metrics, name), verdict(metrics, name), seen_note(metrics.as_dict())]
    said.append(simpler_note(metrics, name))
    return "\n".join([*lines, *(textwrap.fill(each, LINE) for each in said if each)])


def blend_note(metrics: Metrics, name: str) -> str:
    """One sentence: which item-item model was added, and what it changed; empty for none."""
    if not metrics.blend:
        return ""
    companion = described(metrics.blend["companion"], metrics.blend["settings"])
    return (
        f"{name} is blended with {companion}: validation NDCG@10 {metrics.blend['blended']:.4f} "
        f"instead of {metrics.blend['alone']:.4f}."
    )


def notes(metrics: Metrics, name: str) -> list[str]:
    """What else the model is: blended, computed, trained again on everything."""
    said = [
        blend_note(metrics, name),
        _closed_form_note(metrics, name),
        refit_note(metrics.as_dict()),
    ]
    return [sentence for sentence in said if sentence]


def _closed_form_note(metrics: Metrics, name: str) -> str:
    if not metrics.closed_form:
        return ""
    found = metrics.closed_form
    return (
        f"{described(name, found['settings'])}: validation NDCG@10 {found['kept']:.4f} in these "
        f"dimensions, {found['whole']:.4f} with the whole matrix."
    )


def simpler_note(metrics: Metrics, name: str) -> str:
    """One sentence where an item-item model, which takes seconds, is better in validation."""
    before = {rival: metrics.baselines_validation.get(rival) for rival in CLOSED_FORM}
    known = {rival: row["ndcg@10"] for rival, row in before.items() if row and rival != name}
    best = max(known, key=lambda rival: known[rival], default="")
    if not best or known[best] <= metrics.validation["ndcg@10"]:
        return ""
    return (
        f"{best}, which takes seconds, is better in validation: NDCG@10 {known[best]:.4f} "
        f"instead of {metrics.validation['ndcg@10']:.4f}. --encoder auto takes the better one."
    )


def baseline_label(metrics: Metrics, name: str) -> str:
    """A baseline with its settings: `ease, ridge 100, decay 0.8`."""
    return described(name, metrics.baseline_settings.get(name, {}))


def described(name: str, settings: Mapping[str, Any]) -> str:
    """A model with its settings, in a line."""
    return ", ".join([name, *(_setting(key, value) for key, value in settings.items())])


def _setting(key: str, value: object) -> str:
    return str(value) if isinstance(value, str) else f"{key} {value:g}"


def verdict(metrics: Metrics, name: str) -> str:
    """One sentence: is the model better than the best baseline, which validation has chosen?

    Of a run from before there was that: does it beat all of its baselines?
    """
    if every_target_is_hidden(metrics.as_dict()):
        return "Nothing is known of how good it is: every test target had been seen, and is hidden."
    if metrics.against:
        rival, found = metrics.against["baseline"], metrics.against
        said = Difference(found["mean"], found["margin"]).sentence(name, rival)
        return f"{said} (test, paired, 95 %); {rival} is the best baseline in validation."
    own = metrics.test["ndcg@10"]
    better = [rival for rival, row in metrics.baselines.items() if row["ndcg@10"] >= own]
    if better:
        return f"{name} does NOT beat {' and '.join(better)} in test NDCG@10."
    return f"{name} beats every baseline in test NDCG@10."
