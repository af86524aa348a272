"""Negatives of `bce`: uniform over the catalogue, without the target itself."""

import numpy as np
import tensorflow as tf

from seqrec_tf.pipeline import draw_negatives

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
