"""Cut histories into training, validation and test.

Every split is three lengths a user: the training part ends at `training_end`, the validation
target is the item before `validation_end`, the test target is the last item of all. Queries use
everything before their target.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seqrec_tf.ragged import drop_padding, drop_padding_of, prefix


@dataclass(frozen=True)
class Queries:
    """Histories with the item that came next.

    Attributes:
        histories: (users, None) int32 item rows, never empty.
        targets: (users,) int32; 0 is an item outside the catalogue, which counts as a miss.
        repeats: whether an item of the history may be recommended again.
        trained: (users,) bool, whose history began in the training part; None if that is not
            known.
        unasked: so many users have a target, but nothing that is known before it.
        times: (users, None) int64, of each item of the history and, last, of the target; None if
            they are not known.
    """

    histories: tf.RaggedTensor
    targets: tf.Tensor
    repeats: bool = False
    trained: np.ndarray | None = None
    unasked: int = 0
    times: tf.RaggedTensor | None = None

    def __len__(self) -> int:
        return int(self.targets.shape[0])

    @property
    def hidden(self) -> tf.RaggedTensor:
        """(users, None) int32: rows that are not recommended, as serving hides them."""
        return self.histories[:, :0] if self.repeats else self.histories

    def seen(self) -> np.ndarray:
        """(users,) bool: whether the target is in the history."""
        again = self.histories.flat_values == tf.repeat(self.targets, self.histories.row_lengths())
        again = self.histories.with_flat_values(tf.cast(again, tf.int32))
        return tf.reduce_max(again, axis=1).numpy() > 0

    def sample(self, count: int, seed: int) -> "Queries":
        """`count` of the queries, drawn without replacement; all of them for 0 or too many."""
        if not 0 < count < len(self):
            return self
        return self.chosen(
            np.sort(np.random.default_rng(seed).choice(len(self), count, replace=False))
        )

    def chosen(self, places: np.ndarray) -> "Queries":
        """Some of the queries, by their numbers."""
        histories, targets = (tf.gather(part, places) for part in (self.histories, self.targets))
        times = None if self.times is None else tf.gather(self.times, places)
        trained = None if self.trained is None else self.trained[places]
        return Queries(histories, targets, self.repeats, trained, times=times)


@dataclass(frozen=True)
class Split:
    """The training part, and the queries of the validation and test parts.

    Attributes:
        training: (users, None) int32 item rows.
        validation: queries of the validation part.
        test: queries of the test part.
        times: (users, None) int64, of each item of the training part; None if they are not known.
    """

    training: tf.RaggedTensor
    validation: Queries
    test: Queries
    times: tf.RaggedTensor | None = None


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
    sequences: tf.RaggedTensor,
    times: tf.RaggedTensor,
    training_end: tf.Tensor,
    validation_end: tf.Tensor,
    repeats: bool = False,
) -> Split:
    """Cut `sequences` (users, None), item rows with 0 for unknown items.

    Args:
        sequences: the histories.
        times: (users, None) int64, of each item.
        training_end: (users,) where the training part ends.
        validation_end: (users,) where the validation part ends.
        repeats: of the queries.
    """
    trained = prefix(sequences, training_end)
    logged = sequences, times
    return Split(
        training=drop_padding(trained),
        validation=_last_item_queries(*logged, training_end, training_end, validation_end, repeats),
        test=_last_item_queries(
            *logged, training_end, validation_end, sequences.row_lengths(), repeats
        ),
        times=drop_padding_of(trained, prefix(times, training_end)),
    )


def _last_item_queries(
    sequences: tf.RaggedTensor,
    times: tf.RaggedTensor,
    training_end: tf.Tensor,
    start: tf.Tensor,
    end: tf.Tensor,
    repeats: bool,
) -> Queries:
    """Users with anything in [start, end): its last item, given all known items before it."""
    chosen = tf.where(end > start)[:, 0]
    selected, times = tf.gather(sequences, chosen), tf.gather(times, chosen)
    end = tf.gather(end, chosen)
    last = selected.row_starts() + end - 1
    targets, asked = tf.gather(selected.flat_values, last), tf.gather(times.flat_values, last)
    before = prefix(selected, end - 1)
    histories = drop_padding(before)
    times = drop_padding_of(before, prefix(times, end - 1))
    times = tf.concat([times, asked[:, tf.newaxis]], axis=1)
    known = tf.where(histories.row_lengths() > 0)[:, 0]
    trained = tf.gather(tf.gather(training_end, chosen) > 0, known).numpy()
    return Queries(
        tf.gather(histories, known),
        tf.gather(targets, known),
        repeats,
        trained,
        unasked=int(chosen.shape[0]) - int(known.shape[0]),
        times=tf.gather(times, known),
    )
