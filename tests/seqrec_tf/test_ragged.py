"""Padding comes on the right, goes wherever it stands, and nothing in between is lost."""

import pytest
import tensorflow as tf
from helpers.tensors import ragged

from seqrec_tf.ragged import drop_padding, from_padded, most_recent, prefix, to_padded

HISTORIES = [[1, 2, 3], [], [4], [5, 6]]


def test_to_padded_is_as_wide_as_the_longest_history():
    padded = to_padded(ragged(HISTORIES))
    assert padded.numpy().tolist() == [[1, 2, 3], [0, 0, 0], [4, 0, 0], [5, 6, 0]]
    assert padded.dtype == tf.int32


@pytest.mark.parametrize("length", [5, tf.constant(5), tf.constant(5, tf.int64)])
def test_to_padded_to_a_given_width(length):
    padded = to_padded(ragged([[1, 2, 3], []]), length)
    assert padded.numpy().tolist() == [[1, 2, 3, 0, 0], [0, 0, 0, 0, 0]]


def test_empty_histories_get_one_position_and_no_history_none():
    assert to_padded(ragged([[], []])).numpy().tolist() == [[0], [0]]
    assert to_padded(ragged([])).shape == (0, 1)


def test_from_padded_drops_zeros_on_both_sides_and_between():
    padded = tf.constant([[0, 0, 1, 2], [3, 0, 4, 0], [0, 0, 0, 0], [5, 6, 7, 8]])
    assert from_padded(padded).to_list() == [[1, 2], [3, 4], [], [5, 6, 7, 8]]


def test_from_padded_reverses_to_padded():
    assert from_padded(to_padded(ragged(HISTORIES), 7)).to_list() == HISTORIES


def test_drop_padding_keeps_empty_rows():
    assert drop_padding(ragged([[0, 1], [], [0], [2, 0, 3]])).to_list() == [[1], [], [], [2, 3]]


def test_most_recent_keeps_the_end():
    assert most_recent(ragged(HISTORIES), 2).to_list() == [[2, 3], [], [4], [5, 6]]
    assert most_recent(ragged(HISTORIES), 1).to_list() == [[3], [], [4], [6]]
    assert most_recent(ragged(HISTORIES), 9).to_list() == HISTORIES


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
def test_prefix_keeps_the_beginning(dtype):
    lengths = tf.constant([2, 0, 0, 2], dtype)
    assert prefix(ragged(HISTORIES), lengths).to_list() == [[1, 2], [], [], [5, 6]]
