"""Metrics of a run under a named protocol, next to the baselines, as `metrics.json` holds them."""

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.evaluation.baselines import markov_scorer, popularity_scorer
from seqrec_tf.evaluation.breakdown import breakdown
from seqrec_tf.evaluation.ranking import CUTOFFS, Ranking, encoder_scorer, rank
from seqrec_tf.evaluation.seen_targets import every_target_is_hidden, seen_note
from seqrec_tf.models import Encoder


def evaluate(encoder: Encoder, dataset: Dataset, sampled: bool = False) -> dict:
    """Rank validation and test queries.

    Args:
        encoder: a trained encoder of this dataset.
        dataset: queries, catalogue and training part (for the baselines).
        sampled: P4, against 100 sampled items, instead of the whole catalogue.

    Returns:
        `{"protocol", "users", "repeats", "seen_targets": {"test", "validation"}, "test",
        "validation", "baselines": {"popularity", "markov"}, "breakdown": {"history_length",
        "popularity"}}`. The baselines and the breakdown (`breakdown`, of "model", "popularity"
        and "markov") are of the test queries. `seen_targets` are how many targets
        the user had seen before: misses, unless `repeats` lets seen items come up again.
    """
    split, catalogue = dataset.split, dataset.catalogue
    model = encoder_scorer(encoder)
    scorers = {
        "model": model,
        "popularity": popularity_scorer(catalogue),
        "markov": markov_scorer(split.training, catalogue),
    }
    test = {
        name: rank(scorer, split.test, catalogue.size, sampled) for name, scorer in scorers.items()
    }
    validation = rank(model, split.validation, catalogue.size, sampled)
    metrics = {name: ranking.metrics(catalogue.size) for name, ranking in test.items()}
    return {
        "protocol": dataset.protocol.replace("P1", "P4", 1) if sampled else dataset.protocol,
        "users": len(split.test),
        "repeats": split.test.repeats,
        "seen_targets": {
            "test": int(split.test.seen().sum()),
            "validation": int(split.validation.seen().sum()),
        },
        "test": metrics.pop("model"),
        "validation": validation.metrics(catalogue.size),
        "baselines": metrics,
        "breakdown": _breakdown(test, dataset),
    }


def _breakdown(test: dict[str, Ranking], dataset: Dataset) -> dict[str, list[dict]]:
    queries = dataset.split.test
    return breakdown(
        {name: ranking.ranks for name, ranking in test.items()},
        queries.histories.row_lengths().numpy(),
        queries.targets.numpy(),
        dataset.catalogue.counts,
    )


def unbeaten_baselines(metrics: dict) -> list[str]:
    """The baselines that are at least as good as the model in test NDCG@10."""
    own = metrics["test"]["ndcg@10"]
    return [name for name, row in metrics["baselines"].items() if row["ndcg@10"] >= own]


def table(metrics: dict, name: str) -> str:
    """The metrics as a text table, with a verdict on the baselines."""
    columns = [f"{m}@{k}" for m in ("hit_rate", "ndcg", "mrr", "coverage") for k in CUTOFFS]
    rows = {
        f"{name} (test)": metrics["test"],
        f"{name} (validation)": metrics["validation"],
        **{f"{baseline} (test)": row for baseline, row in metrics["baselines"].items()},
    }
    width = max(map(len, rows))
    lines = [f"protocol {metrics['protocol']}, {metrics['users']} users"]
    lines.append(" ".join([" " * width, *(f"{column:>12}" for column in columns)]))
    for label, row in rows.items():
        lines.append(" ".join([f"{label:<{width}}", *(f"{row[c]:>12.4f}" for c in columns)]))
    return "\n".join([*lines, verdict(metrics, name), seen_note(metrics)])


def verdict(metrics: dict, name: str) -> str:
    """One sentence: does the model beat the baselines?"""
    if every_target_is_hidden(metrics):
        return "Nothing is known of how good it is: every test target had been seen, and is hidden."
    better = unbeaten_baselines(metrics)
    if better:
        return f"{name} does NOT beat {' and '.join(better)} in test NDCG@10."
    return f"{name} beats every baseline in test NDCG@10."
