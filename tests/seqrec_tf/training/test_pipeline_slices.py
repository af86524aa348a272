"""`--examples slices`: all of every history, every epoch, cut at other places.

The items of all histories are numbered through, so an item says where it stands.
"""

import collections
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.settings.config import EncoderConfig, TrainingConfig
from seqrec_tf.training.pipeline import training_data

WINDOW = 4
LENGTHS = [3, 5, 9, 2, 7, 1, 4, 2, 16]
LIMITS = np.cumsum(LENGTHS)  # user u has the items LIMITS[u] - LENGTHS[u] + 1 .. LIMITS[u]
FIRST_ITEMS = set(LIMITS - LENGTHS + 1)
TRAINING = TrainingConfig(examples="slices", batch_size=3, epochs=5, seed=5)


def _data(first_epoch: int = 0, lengths=tuple(LENGTHS), **changes):
    items = tf.range(1, sum(lengths) + 1, dtype=tf.int32)
    histories = tf.RaggedTensor.from_row_lengths(items, lengths)
    training = dataclasses.replace(TRAINING, **changes)
    encoder = EncoderConfig(window=WINDOW)
    return training_data(histories, sum(lengths), encoder, training, first_epoch)


def _batches(*arguments, **changes) -> list[tuple[list, list]]:
    """(rows, targets) of every batch."""
    data = _data(*arguments, **changes)
    return [(x["rows"].numpy().tolist(), y.numpy().tolist()) for x, y in data.batches]


def _epochs(**changes) -> list[list[tuple[int, ...]]]:
    """The targets of each slice, an epoch after the other, without padding."""
    steps, batches = _data(**changes).steps_per_epoch, _batches(**changes)
    slices = [[tuple(t for t in row if t) for row in targets] for _, targets in batches]
    return [sum(slices[at : at + steps], []) for at in range(0, len(slices), steps)]


def test_every_target_of_every_history_comes_up_once_an_epoch():
    everything = sorted(set(range(1, LIMITS[-1] + 1)) - FIRST_ITEMS)
    epochs = _epochs()
    assert len(epochs) == 5
    for slices in epochs:
        assert sorted(sum(slices, ())) == everything
        assert max(map(len, slices)) <= WINDOW
    assert _data().targets_per_epoch == len(everything)


def test_the_input_at_each_position_is_the_item_before_its_target():
    for rows, targets in _batches():
        rows, targets = np.array(rows), np.array(targets)
        assert rows.shape == targets.shape
        assert (rows == np.maximum(targets - 1, 0)).all()  # 0 is padding
        lengths = np.count_nonzero(targets, axis=1)
        assert (np.arange(targets.shape[1]) < lengths[:, np.newaxis])[targets > 0].all()


def test_as_few_slices_as_possible():
    # Targets: 2, 4, 8, 1, 6, 0, 3, 1 and 15, so slices: 1, 1, 2, 1, 2, 0, 1, 1 and 4.
    assert [len(slices) for slices in _epochs()] == [13] * 5
    assert _data().steps_per_epoch == 5  # 3 + 3 + 3 + 3 + 1


def test_without_slack_there_is_one_way_to_cut():
    for slices in _epochs():
        assert (2, 3) in slices  # three items fit
        assert (5, 6, 7, 8) in slices  # five just fit
        assert {(10, 11, 12, 13), (14, 15, 16, 17)} <= set(slices)  # nine just fit twice


def test_every_cut_is_as_likely_as_any_other():
    # Six targets in two slices of at most four: 4 + 2, 3 + 3 or 2 + 4.
    counts = collections.Counter(
        tuple(sorted(slices)) for slices in _epochs(lengths=[7], epochs=300)
    )
    cuts = [((2, 3, 4, 5)[:n], (2, 3, 4, 5, 6, 7)[n:]) for n in (2, 3, 4)]
    assert set(counts) == set(cuts)
    # 100 each, with a standard deviation of 8.
    assert all(abs(count - 100) < 35 for count in counts.values())


def test_histories_of_one_length_are_cut_independently():
    slices = _epochs(lengths=[7] * 200, epochs=1)[0]
    # The first slice of each of the 200 histories has 2, 3 or 4 targets.
    firsts = collections.Counter(len(part) for part in slices if part[0] % 7 == 2)
    assert set(firsts) == {2, 3, 4} and min(firsts.values()) > 40


def test_epochs_differ_in_cuts_and_in_order():
    epochs = _epochs()
    assert len({tuple(slices) for slices in epochs}) == 5
    # Of seven items there are three ways to cut, of sixteen two.
    assert len({tuple(sorted(slices)) for slices in epochs}) > 1


def test_the_seed_decides():
    assert _batches() == _batches()
    assert _batches() != _batches(seed=6)


@pytest.mark.parametrize("done", [1, 3])
def test_a_resumed_run_sees_the_batches_of_the_remaining_epochs(done):
    assert _batches(first_epoch=done) == _batches()[done * _data().steps_per_epoch :]
