"""Measure an encoder on a dataset under its protocol, next to the baselines."""

import dataclasses

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.baselines import markov_scorer, popularity_scorer
from seqrec_tf.evaluation.breakdown import breakdown
from seqrec_tf.evaluation.comparison import paired_difference
from seqrec_tf.evaluation.metrics import Figures, Metrics, best_baseline
from seqrec_tf.evaluation.ranking import Ranking, Scorer, encoder_scorer, rank
from seqrec_tf.evaluation.recommended import describe
from seqrec_tf.evaluation.simple_models import BASELINES, SimpleModel, simple_models
from seqrec_tf.models import Encoder


def measure(
    encoder: Encoder,
    dataset: Dataset,
    sampled: bool = False,
    simple: list[SimpleModel] | None = None,
    name: str | None = None,
) -> Metrics:
    """Rank validation and test queries.

    Args:
        encoder: a trained encoder of this dataset.
        dataset: queries, catalogue and training part (for the baselines).
        sampled: P4, against 100 sampled items, instead of the whole catalogue.
        simple: the item-item models of this dataset, if they are at hand.
        name: of the baseline that the encoder is, if it is one: that one is left out.

    Returns:
        The metrics, without the digest of a model file.
    """
    split, catalogue = dataset.split, dataset.catalogue
    if simple is None:
        simple = simple_models(dataset, [each for each in BASELINES if each != name])
    scorers = {"model": encoder_scorer(encoder)} | _baselines(dataset, simple, name)
    test, validation = (
        {name: rank(each, queries, catalogue.size, sampled) for name, each in scorers.items()}
        for queries in (split.test, split.validation)
    )
    figures, before = (
        {name: ranking.metrics(catalogue.size) for name, ranking in part.items()}
        for part in (test, validation)
    )
    own, own_before = figures.pop("model"), before.pop("model")
    best = best_baseline(before)
    return Metrics(
        protocol=dataset.protocol.replace("P1", "P4", 1) if sampled else dataset.protocol,
        users=len(split.test),
        unasked=split.test.unasked,
        repeats=split.test.repeats,
        seen_targets={
            "test": int(split.test.seen().sum()),
            "validation": int(split.validation.seen().sum()),
        },
        test=own,
        validation=own_before,
        without_times=_without_times(encoder, split.test, sampled),
        baselines=figures,
        baselines_validation=before,
        baseline_settings={model.name: model.settings for model in simple},
        against={"baseline": best}
        | dataclasses.asdict(paired_difference(test["model"].ranks, test[best].ranks)),
        breakdown=_breakdown(test, dataset),
        recommended={
            scorer: describe(ranking, split.test.targets.numpy(), catalogue)
            for scorer, ranking in test.items()
        },
    )


def _without_times(encoder: Encoder, queries: Queries, sampled: bool) -> Figures:
    """The figures of queries that do not say when anything was, if the encoder reads that."""
    if not encoder.time_bias:
        return {}
    untold = dataclasses.replace(queries, times=None)
    return rank(encoder_scorer(encoder), untold, encoder.items, sampled).metrics(encoder.items)


def _baselines(
    dataset: Dataset, simple: list[SimpleModel], left_out: str | None
) -> dict[str, Scorer]:
    catalogue = dataset.catalogue
    recent = dataclasses.replace(catalogue, counts=dataset.recent)
    scorers = {
        "popularity": popularity_scorer(catalogue),
        "recent popularity": popularity_scorer(recent),
        "markov": markov_scorer(dataset.split.training, catalogue),
        **{model.name: model.scorer(catalogue.size) for model in simple},
    }
    return {name: scorer for name, scorer in scorers.items() if name != left_out}


def _breakdown(test: dict[str, Ranking], dataset: Dataset) -> dict[str, list[dict]]:
    queries = dataset.split.test
    return breakdown(
        {name: ranking.ranks for name, ranking in test.items()},
        queries.histories.row_lengths().numpy(),
        queries.targets.numpy(),
        dataset.catalogue.counts,
        queries.trained,
    )
