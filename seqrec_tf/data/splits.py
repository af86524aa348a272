"""Cut histories into training, validation and test.

Every split is three lengths a user: the training part ends at `training_end`, the validation
target is the item before `validation_end`, the test target is the last item of all. Queries use
everything before their target.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seqrec_tf.ragged import drop_padding, prefix


@dataclass(frozen=True)
class Queries:
    """Histories with the item that came next.

    Attributes:
        histories: (users, None) int32 item rows, never empty.
        targets: (users,) int32; 0 is an item outside the catalogue, which counts as a miss.
    """

    histories: tf.RaggedTensor
    targets: tf.Tensor

    def __len__(self) -> int:
        return int(self.targets.shape[0])

    def sample(self, count: int, seed: int) -> "Queries":
        """`count` of the queries, drawn without replacement; all of them for 0 or too many."""
        if not 0 < count < len(self):
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self), count, replace=False))
        return Queries(tf.gather(self.histories, chosen), tf.gather(self.targets, chosen))


@dataclass(frozen=True)
class Split:
    """The training part (users, None), and the queries of the validation and test parts."""

    training: tf.RaggedTensor
    validation: Queries
    test: Queries


def leave_one_out_ends(lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Training and validation ends (users,) of P1, P2 and P3.

    The last item is the test target and the one before the validation target. Users with fewer
    than three items have no query and train with all they have.
    """
    held_out = tf.where(lengths >= 3, 1, 0)
    held_out = tf.cast(held_out, lengths.dtype)
    return lengths - 2 * held_out, lengths - held_out


def time_ends(
    times: tf.RaggedTensor, validation_from: float, test_from: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Training and validation ends (users,) of PT: interactions before each cut.

    A user's query of a period is the last interaction in it, given everything before.
    """
    before = [
        tf.reduce_sum(tf.cast(times < cut, tf.int64), axis=1)
        for cut in (validation_from, test_from)
    ]
    return before[0], before[1]


def split_at(
    sequences: tf.RaggedTensor, training_end: tf.Tensor, validation_end: tf.Tensor
) -> Split:
    """Cut `sequences` (users, None), item rows with 0 for unknown items."""
    everything = sequences.row_lengths()
    return Split(
        training=drop_padding(prefix(sequences, training_end)),
        validation=_last_item_queries(sequences, training_end, validation_end),
        test=_last_item_queries(sequences, validation_end, everything),
    )


def _last_item_queries(sequences, start: tf.Tensor, end: tf.Tensor) -> Queries:
    """Users with anything in [start, end): its last item, given all known items before it."""
    chosen = tf.where(end > start)[:, 0]
    selected, end = tf.gather(sequences, chosen), tf.gather(end, chosen)
    targets = tf.gather(selected.flat_values, selected.row_starts() + end - 1)
    histories = drop_padding(prefix(selected, end - 1))
    known = tf.where(histories.row_lengths() > 0)[:, 0]
    return Queries(tf.gather(histories, known), tf.gather(targets, known))
