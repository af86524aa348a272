"""What follows from the data, and what a person said."""

import pytest

from seqrec_tf.settings.adaptive import LARGE_CATALOGUE, SMALL_DATA, adapted
from seqrec_tf.settings.config import EncoderConfig, RunConfig, TrainingConfig, override

OPEN = RunConfig(
    encoder=EncoderConfig(dropout=None, dim=8), training=TrainingConfig(objective="auto", epochs=7)
)


@pytest.mark.parametrize(
    ("interactions", "dropout"), [(10, 0.5), (SMALL_DATA - 1, 0.5), (SMALL_DATA, 0.2)]
)
def test_small_data_needs_more_dropout(interactions, dropout):
    assert adapted(OPEN, 5, interactions).encoder == EncoderConfig(dropout=dropout, dim=8)


@pytest.mark.parametrize(
    ("items", "objective"),
    [
        (5, "full-softmax"),
        (LARGE_CATALOGUE - 1, "full-softmax"),
        (LARGE_CATALOGUE, "sampled-softmax"),
    ],
)
def test_a_large_catalogue_is_sampled(items, objective):
    training = adapted(OPEN, items, 10).training
    assert (training.objective, training.epochs) == (objective, 7)
    assert (training.popular_negatives > 0) == (objective == "sampled-softmax")


def test_smoothed_labels_are_those_of_all_items():
    typed = {"training": {"label_smoothing": 0.1}}
    training = adapted(override(OPEN, typed), LARGE_CATALOGUE, 10).training
    assert (training.objective, training.label_smoothing) == ("full-softmax", 0.1)


def test_what_was_said_stays():
    said = RunConfig(
        encoder=EncoderConfig(dropout=0.0), training=TrainingConfig(objective="bce", negatives=3)
    )
    assert adapted(said, 10**6, 10) == said
