"""What follows from the data, and what a person said."""

import pytest

from seqrec_tf.settings.adaptive import SMALL_DATA, adapted
from seqrec_tf.settings.config import EncoderConfig


@pytest.mark.parametrize(
    ("interactions", "dropout"), [(10, 0.5), (SMALL_DATA - 1, 0.5), (SMALL_DATA, 0.2)]
)
def test_small_data_needs_more_dropout(interactions, dropout):
    found = adapted(EncoderConfig(dropout=None, dim=8), interactions)
    assert found == EncoderConfig(dropout=dropout, dim=8)


def test_what_was_said_stays():
    assert adapted(EncoderConfig(dropout=0.0), 10) == EncoderConfig(dropout=0.0)
