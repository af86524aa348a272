"""Item tables of reduced precision: what is kept, and that chunks make no difference."""

import numpy as np
import pytest
import tensorflow as tf

from export.graph import tables
from export.graph.tables import ReducedTable, reduce


def test_int8_is_a_factor_a_row_and_127_steps():
    values, factors = reduce(np.array([[0, 0], [254, -1], [0.5, 0.25]], np.float32), "int8")
    assert values.tolist() == [[0, 0], [127, 0], [127, 64]]  # -1 / 2 and 63.5 are rounded to even
    assert factors[1:].tolist() == pytest.approx([2, 0.5 / 127])


def test_float16_has_no_factors():
    values, factors = reduce(np.array([[1 / 3]], np.float32), "float16")
    assert (values.dtype, factors) == (np.float16, None)
    assert values[0, 0] == np.float16(1 / 3)


@pytest.mark.parametrize("precision", ["float16", "int8"])
@pytest.mark.parametrize("chunk", [32, 1 << 20])  # 2 rows a chunk; all at once
def test_scores_are_those_of_the_table_that_is_left(precision, chunk, monkeypatch):
    monkeypatch.setattr(tables, "CHUNK", chunk)
    generator = np.random.default_rng(0)
    full = generator.standard_normal((7, 4)).astype(np.float32)
    table = ReducedTable(full, precision)
    dense = table.dense()
    assert 0 < np.abs(dense - full).max() <= np.abs(full).max() / 127 / 2 * 1.01
    vectors = generator.standard_normal((3, 4)).astype(np.float32)
    np.testing.assert_allclose(table.scores(tf.constant(vectors)), vectors @ dense.T, rtol=1e-5)
    rows = np.array([[6, 0], [1, 1]])
    np.testing.assert_allclose(table.gather(tf.constant(rows)), dense[rows], rtol=1e-6)
