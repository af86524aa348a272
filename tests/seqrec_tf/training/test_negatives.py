"""Negatives: of each target (`bce`), uniform without the target itself; of a batch, a mixture."""

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.settings.config import TrainingConfig
from seqrec_tf.training.pipeline import draw_negatives, draw_shared_negatives

ITEMS, COUNT, REPEATS = 5, 4, 5000


def _draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
    targets = tf.tile(tf.range(1, ITEMS + 1), [REPEATS])
    drawn = draw_negatives(targets, COUNT, ITEMS, tf.constant([seed, 0]))
    return targets.numpy(), drawn.numpy()


def test_every_other_item_comes_up_equally_often_and_the_target_never():
    targets, drawn = _draw(seed=0)
    assert drawn.shape == (ITEMS * REPEATS, COUNT) and drawn.dtype == np.int32
    for target in range(1, ITEMS + 1):
        # 20,000 draws from the other 4 items: 5,000 each, with a standard deviation of 61.
        counts = np.bincount(drawn[targets == target].ravel(), minlength=ITEMS + 1)
        assert counts[0] == 0 and counts[target] == 0
        others = np.delete(counts, [0, target])
        assert len(others) == ITEMS - 1 and (abs(others - 5000) < 400).all()


def test_the_seed_decides():
    np.testing.assert_array_equal(_draw(seed=1)[1], _draw(seed=1)[1])
    assert (_draw(seed=1)[1] != _draw(seed=2)[1]).mean() > 0.5


def test_any_shape_of_targets():
    targets = tf.constant([[1, 2, 0], [3, 0, 0]])
    drawn = draw_negatives(targets, 6, 3, tf.constant([0, 0]))
    assert drawn.shape == (2, 3, 6)
    assert set(drawn.numpy()[0, 1]) <= {1, 3}


def test_two_items_leave_one_negative():
    drawn = draw_negatives(tf.constant([1, 2]), 3, 2, tf.constant([0, 0]))
    assert drawn.numpy().tolist() == [[2, 2, 2], [1, 1, 1]]


def _shared(share: float, seed: int = 0) -> np.ndarray:
    """20,000 negatives of a batch; of 100 interactions, 70 are with item 1 and 30 with item 2."""
    config = TrainingConfig(objective="gbce", negatives=20_000, popularity_share=share)
    values = tf.constant([1] * 70 + [2] * 30, tf.int32)
    return draw_shared_negatives(values, config, ITEMS, tf.constant([seed, 0], tf.int64)).numpy()


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0, [4000, 4000, 4000, 4000, 4000]),
        (1, [14000, 6000, 0, 0, 0]),
        # 5,000 by popularity, 15,000 uniformly.
        (0.25, [3500 + 3000, 1500 + 3000, 3000, 3000, 3000]),
    ],
)
def test_a_share_of_the_negatives_of_a_batch_is_drawn_by_popularity(share, expected):
    drawn = _shared(share)
    assert drawn.shape == (20_000,) and drawn.dtype == np.int32
    counts = np.bincount(drawn, minlength=ITEMS + 1)
    assert counts[0] == 0 and len(counts) == ITEMS + 1
    # A standard deviation of at most 70.
    assert (abs(counts[1:] - expected) < 300).all()


def test_the_seed_decides_for_a_batch():
    np.testing.assert_array_equal(_shared(0.5, seed=1), _shared(0.5, seed=1))
    assert (_shared(0.5, seed=1) != _shared(0.5, seed=2)).mean() > 0.3


def test_popularity_and_chance_are_drawn_apart():
    # Both halves from 1..2 with even chances: as random as one another, but not the same.
    config = TrainingConfig(objective="gbce", negatives=2000, popularity_share=0.5)
    seed = tf.constant([3, 4], tf.int64)
    drawn = draw_shared_negatives(tf.constant([1, 2]), config, 2, seed).numpy()
    # A standard deviation of 0.016.
    assert (drawn[:1000] == drawn[1000:]).mean() == pytest.approx(0.5, abs=0.08)
