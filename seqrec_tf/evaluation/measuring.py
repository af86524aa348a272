"""Measure an encoder on a dataset under its protocol, next to the baselines."""

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.evaluation.baselines import markov_scorer, popularity_scorer
from seqrec_tf.evaluation.breakdown import breakdown
from seqrec_tf.evaluation.metrics import Metrics
from seqrec_tf.evaluation.ranking import Ranking, encoder_scorer, rank
from seqrec_tf.models import Encoder


def measure(encoder: Encoder, dataset: Dataset, sampled: bool = False) -> Metrics:
    """Rank validation and test queries.

    Args:
        encoder: a trained encoder of this dataset.
        dataset: queries, catalogue and training part (for the baselines).
        sampled: P4, against 100 sampled items, instead of the whole catalogue.

    Returns:
        The metrics, without the digest of a model file.
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
    figures = {name: ranking.metrics(catalogue.size) for name, ranking in test.items()}
    return Metrics(
        protocol=dataset.protocol.replace("P1", "P4", 1) if sampled else dataset.protocol,
        users=len(split.test),
        repeats=split.test.repeats,
        seen_targets={
            "test": int(split.test.seen().sum()),
            "validation": int(split.validation.seen().sum()),
        },
        test=figures.pop("model"),
        validation=validation.metrics(catalogue.size),
        baselines=figures,
        breakdown=_breakdown(test, dataset),
    )


def _breakdown(test: dict[str, Ranking], dataset: Dataset) -> dict[str, list[dict]]:
    queries = dataset.split.test
    return breakdown(
        {name: ranking.ranks for name, ranking in test.items()},
        queries.histories.row_lengths().numpy(),
        queries.targets.numpy(),
        dataset.catalogue.counts,
    )
