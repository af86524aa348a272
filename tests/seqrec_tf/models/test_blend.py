"""Two encoders as one: the scores are the sum of theirs, wherever they are asked for."""

import numpy as np
import pytest
from helpers.tensors import ragged

from seqrec_tf.models import Blend, ItemItem, build_encoder
from seqrec_tf.models.blend import network_of
from seqrec_tf.settings.config import EncoderConfig

ITEMS, WINDOW, DECAY = 6, 4, 0.5


def item_item(window: int = WINDOW) -> ItemItem:
    encoder = ItemItem(ITEMS, window, 3, DECAY)
    history, candidates = np.random.default_rng(1).normal(size=(2, ITEMS + 1, 3))
    history[0] = candidates[0] = 0
    encoder.assign(history, candidates)
    return encoder


def network():
    return build_encoder(EncoderConfig(dim=4, window=WINDOW), ITEMS)


def scores(encoder, histories: list[list[int]]) -> np.ndarray:
    return encoder.encode(ragged(histories)).numpy() @ encoder.item_table().numpy().T


def test_an_item_item_model_sums_the_rows_of_a_matrix():
    encoder = item_item()
    matrix = encoder.history_table.numpy() @ encoder.candidate_table.numpy().T
    found = scores(encoder, [[1, 2, 3], [5], [6, 1, 2, 3, 4]])
    expected = [
        matrix[3] + DECAY * matrix[2] + DECAY**2 * matrix[1],
        matrix[5],
        matrix[4] + DECAY * matrix[3] + DECAY**2 * matrix[2] + DECAY**3 * matrix[1],  # the window
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_without_decay_the_last_item_speaks_alone():
    encoder = ItemItem(ITEMS, WINDOW, 2, 0.0)
    encoder.assign(*np.random.default_rng(1).normal(size=(2, ITEMS + 1, 2)))
    np.testing.assert_allclose(scores(encoder, [[1, 2, 3]]), scores(encoder, [[3]]), rtol=1e-6)


@pytest.mark.parametrize("weight", [0.5, 8.0])
def test_scores_add_up(weight):
    one, other = network(), item_item()
    histories = [[1, 2, 3], [4], [6, 5, 4, 3, 2, 1]]
    both = Blend(one, other, weight)
    assert (both.items, both.window, both.dim) == (ITEMS, WINDOW, 7)
    expected = scores(one, histories) + weight * scores(other, histories)
    np.testing.assert_allclose(scores(both, histories), expected, rtol=1e-4, atol=1e-5)
    assert network_of(both) is one and network_of(one) is one


def test_encoders_of_other_catalogues_or_windows_do_not_blend():
    with pytest.raises(ValueError, match="expected 6 items and a window of 4. Received: 6 and 5"):
        Blend(network(), item_item(window=5), 1.0)
