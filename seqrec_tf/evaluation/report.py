"""What is said of metrics: tables and sentences, for screens and cards.

Without TensorFlow, as `seqrec_tf.evaluation.metrics`.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqrec_tf.evaluation.difference import Difference
from seqrec_tf.evaluation.metrics import CUTOFFS, Metrics
from seqrec_tf.evaluation.refit_note import refit_note
from seqrec_tf.evaluation.seen_targets import every_target_is_hidden, seen_note
from seqrec_tf.evaluation.times_note import times_note
from seqrec_tf.settings.config import CLOSED_FORM

if TYPE_CHECKING:  # takes TensorFlow
    from seqrec_tf.evaluation.comparing import Comparison

LINE = 100  # columns of a sentence on a screen
# Of `seqrec_tf.evaluation.recommended`: figure -> the head of its column.
RECOMMENDED = {
    "item_hit_rate@10": "HR@10, items alike",
    "novelty@10": "novelty, bits",
    "diversity@10": "diversity",
    "head@10": "head",
    "middle@10": "middle",
    "tail@10": "tail",
    "no_hit@20": "no hit in 20",
}


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
    lines += recommended_lines(metrics, name) if len(cutoffs) > 1 else []
    said = [*notes(metrics, name), verdict(metrics, name), seen_note(metrics.as_dict())]
    said += [_cold_note(metrics), simpler_note(metrics, name)]
    return "\n".join([*lines, *(textwrap.fill(each, LINE) for each in said if each)])


def comparison_table(found: "Comparison", names: tuple[str, str]) -> str:
    """Two runs' figures, their paired differences, and a sentence.

    Args:
        found: of A and B.
        names: what the table calls them.
    """
    columns = list(found.figures)
    rows = {name: [found.figures[c][i] for c in columns] for i, name in enumerate(names)}
    width = max(*map(len, rows), len("B less A, 95 %"))
    lines = [f"protocol {found.protocol}, {found.users} users, test"]
    lines.append(" ".join([" " * width, *(f"{column:>18}" for column in columns)]))
    for name, values in rows.items():
        lines.append(" ".join([f"{name:<{width}}", *(f"{value:>18.4f}" for value in values)]))
    differences = [f"{each.mean:+.4f} +- {each.margin:.4f}" for each in found.differences.values()]
    lines.append(" ".join([f"{'B less A, 95 %':<{width}}", *(f"{d:>18}" for d in differences)]))
    more, fewer = found.better
    lines.append(f"B ranks {more} targets higher than A, and {fewer} lower.")
    lines.append(f"{found.differences['ndcg@10'].sentence('B', 'A')} (test, paired, 95 %).")
    return "\n".join(lines)


def blend_note(metrics: Metrics, name: str) -> str:
    """One sentence: which item-item models were added, and what that changed; empty for none."""
    blend = metrics.blend
    if not blend:
        return ""
    if "companion" in blend:  # a run from when there was one
        companions = described(blend["companion"], blend["settings"])
    else:
        companions = " and with ".join(
            described(model, settings) for model, settings in blend["companions"].items()
        )
        companions += f"; rank {blend['rank']}, weight {blend['weight']:g}"
    return (
        f"{name} is blended with {companions}: validation NDCG@10 {blend['blended']:.4f} "
        f"instead of {blend['alone']:.4f}."
    )


def notes(metrics: Metrics, name: str) -> list[str]:
    """What else the model is: blended, computed, trained again on everything."""
    said = [
        blend_note(metrics, name),
        _closed_form_note(metrics, name),
        times_note(metrics.as_dict()),
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


def _cold_note(metrics: Metrics) -> str:
    """How good the model is for what it knows from training, and for what is new; or nothing."""
    rows = metrics.breakdown.get("cold_start", [])
    parts = [
        f"{row['bucket']} {row['model']['ndcg@10']:.4f} ({row['queries']:,} queries)"
        for row in rows
    ]
    if not parts:
        return ""
    return f"NDCG@10 by what the training part knows: {', '.join(parts)}."


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


def recommended_rows(metrics: Metrics, name: str) -> tuple[list[str], dict[str, list[str]]]:
    """What is recommended, as text: the columns' heads, and scorer -> cells; none if not known."""
    known = [key for key in RECOMMENDED if any(key in row for row in metrics.recommended.values())]
    rows = {
        name if scorer == "model" else scorer: [_cell(row[key], key) for key in known]
        for scorer, row in metrics.recommended.items()
    }
    return [RECOMMENDED[key] for key in known], rows


def recommended_lines(metrics: Metrics, name: str) -> list[str]:
    """`recommended_rows` as a table for a screen."""
    heads, rows = recommended_rows(metrics, name)
    if not rows:
        return []
    width = max(map(len, rows))
    widths = [max(len(head), 6) for head in heads]
    lines = {"": heads, **rows}
    return [
        "what is recommended (test, 10 items a user)",
        *(
            f"{label:<{width}} {'  '.join(f'{c:>{w}}' for c, w in zip(cells, widths, strict=True))}"
            for label, cells in lines.items()
        ),
    ]


def _cell(value: float, key: str) -> str:
    if key.startswith("no_hit"):
        return f"{value:,.0f}"
    shares = ("head@10", "middle@10", "tail@10")
    return f"{value:.1%}" if key in shares else f"{value:.4f}"
