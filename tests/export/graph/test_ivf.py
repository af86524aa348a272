"""Cells, and approximate retrieval in them: what is found, what is hidden, what a vector sees."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.forms import LOWEST

from export.graph.cells import default_count, train_cells
from export.graph.index import Query
from export.graph.ivf import IvfIndex

# Three bunches on the axes: rows 1-4 are long in x, 5-7 in y, 8-9 in z; the first is the longest.
TABLE = np.zeros((10, 3), np.float32)
TABLE[1:5, 0], TABLE[5:8, 1], TABLE[8:10, 2] = [4, 3, 2, 1], [40, 30, 20], [6, 5]
POPULARITY = np.array([0, 1, 9, 3, 4, 5, 6, 7, 8, 2], np.float32) / 45
X, Y, COLD = [1, 0, 0.1], [0, 1, 0], [0, 0, 0]


def cells():
    return train_cells(TABLE, 3, seed=1)


def search(index, vectors, hidden, k=3, allowed=None, cosine=False):
    cold = tf.constant([[not any(vector)] for vector in vectors])
    query = Query(
        tf.constant(vectors, tf.float32), cold, tf.ragged.constant(hidden, tf.int32), allowed
    )
    scores, rows = index.search(query, k, cosine)
    return rows.numpy().tolist(), scores.numpy().tolist()


def test_every_row_is_in_one_cell_and_padding_in_none():
    members = cells().members
    assert sorted(members[members > 0].tolist()) == list(range(1, 10))
    cell_of = cells().cell_of()
    assert all(row in members[cell_of[row]] for row in range(1, 10))


def test_cells_that_are_too_large_are_cut():
    generator = np.random.default_rng(0)
    near = generator.normal(0, 0.01, (400, 4))
    table = np.vstack([np.zeros((1, 4)), near, 10 + generator.normal(0, 1, (100, 4))])
    found = train_cells(table.astype(np.float32), 10)
    assert found.members.shape[1] <= 2 * 500 / 10
    assert sorted(found.members[found.members > 0].tolist()) == list(range(1, 501))
    means = [table[rows[rows > 0]].mean(axis=0) for rows in found.members]
    np.testing.assert_allclose(found.centres, means, rtol=1e-4, atol=1e-4)


def test_the_default_number_of_cells():
    assert [default_count(items) for items in (1, 100, 1_000_000)] == [1, 40, 4000]


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_all_probes_are_exact_retrieval(precision):
    found = cells()
    index = IvfIndex(TABLE, POPULARITY, found, len(found.members), precision)
    rows, scores = search(index, [X, Y, COLD], [[], [5, 6], [2]])
    assert rows[0] == [1, 2, 3]
    assert scores[0] == pytest.approx([4, 3, 2], rel=0.01)
    assert (rows[1][0], scores[1]) == (7, [20, 0, 0])
    assert rows[2] == [8, 7, 6]  # by popularity, without the hidden row 2


def test_one_probe_sees_one_cell_and_pads_with_nothing():
    index = IvfIndex(TABLE, POPULARITY, cells(), 1, "float32")
    seen = np.flatnonzero(index.visible(np.array(Y, np.float32)))
    assert set(seen) - {0} <= {5, 6, 7} and 5 in seen
    (rows,), (scores,) = search(index, [Y], [[5]], k=index.reach)
    assert 5 not in [row for row, score in zip(rows, scores, strict=True) if score > LOWEST]
    assert scores.count(LOWEST) >= 1


def test_what_is_not_allowed_does_not_come_up():
    found = cells()
    index = IvfIndex(TABLE, POPULARITY, found, len(found.members), "float32")
    allowed = tf.constant([False, False, True, False, True, *[False] * 5])
    rows, scores = search(index, [X, COLD], [[], []], k=3, allowed=allowed)
    assert [row[:2] for row in rows] == [[2, 4], [2, 4]]
    assert [row[2] for row in scores] == [LOWEST, LOWEST]


def test_the_cosine_forgets_the_lengths():
    found = cells()
    index = IvfIndex(TABLE, POPULARITY, found, len(found.members), "float32")
    _, (scores,) = search(index, [[0, 1, 0]], [[]], cosine=True)
    assert scores == pytest.approx([1, 1, 1])


def test_vectors_are_those_of_the_table():
    index = IvfIndex(TABLE, POPULARITY, cells(), 1, "float32")
    rows = np.arange(10)
    assert index.vectors(tf.constant(rows)).numpy().tolist() == TABLE.tolist()
    assert index.dense().tolist() == TABLE.tolist()
