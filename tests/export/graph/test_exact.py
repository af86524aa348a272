"""Retrieval by blocks: what a stable sort of the whole row gives, ties and all."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.forms import LOWEST

from export.graph.exact import LARGE, top_rows

# Below, at and above one block and the size from which blocks are larger; not all multiples.
WIDTHS = [1, 15, 16, 17, 100, LARGE - 1, LARGE, LARGE + 1]


def sorted_rows(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores and places of the k largest, of equal ones the lower place first."""
    places = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, places, axis=1), places


def scores_of(kind: str, batch: int, width: int) -> np.ndarray:
    generator = np.random.default_rng(width)
    if kind == "distinct":
        return generator.permuted(np.tile(np.arange(width), (batch, 1)), axis=1).astype(np.float32)
    scores = generator.integers(-2, 3, (batch, width)).astype(np.float32)
    if kind == "most of them hidden":
        scores[generator.random((batch, width)) < 0.9] = LOWEST
    return scores


@pytest.mark.parametrize("kind", ["distinct", "ties", "most of them hidden"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_best_are_those_of_a_stable_sort(width, kind):
    scores = scores_of(kind, 3, width)
    for k in sorted({1, min(2, width), min(20, width), width - width // 3, width}):
        values, places = top_rows(tf.constant(scores), k)
        expected = sorted_rows(scores, k)
        np.testing.assert_array_equal(values, expected[0])
        np.testing.assert_array_equal(places, expected[1])


@pytest.mark.parametrize("width", [17, LARGE + 1])
@pytest.mark.parametrize("score", [0.0, LOWEST])
def test_of_equal_scores_the_first_places_win_and_none_beyond_the_row(width, score):
    values, places = top_rows(tf.fill([2, width], tf.constant(score, tf.float32)), width)
    assert places.numpy().tolist() == [list(range(width))] * 2
    assert (values.numpy() == np.float32(score)).all()


@pytest.mark.parametrize("width", [40, LARGE + 1])
def test_k_and_batch_that_a_graph_learns_from_the_request(width):
    @tf.function(input_signature=[tf.TensorSpec([None, width]), tf.TensorSpec([], tf.int32)])
    def traced(scores, k):
        return top_rows(scores, k)

    for batch, k in [(1, 1), (4, 7), (2, width), (0, 3)]:
        scores = scores_of("ties", batch, width)
        values, places = traced(tf.constant(scores), tf.constant(k))
        assert values.shape == places.shape == (batch, k)
        np.testing.assert_array_equal(places, sorted_rows(scores, k)[1])
    assert places.dtype == tf.int32
