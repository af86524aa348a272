"""The training pipeline: ragged histories in, padded batches out, in graph code throughout.

An example is a slice of one history: its inputs are all items but the last, its targets all but
the first. With `positions` an example is the most recent `window + 1` items of a user and every
position has a target; with `slices` all of a history is cut into such examples, at places that
change from epoch to epoch; with `prefixes` there is an example for every position of every
history, with up to `window` items before it, and only its last position has a target.

All randomness is a function of (seed, epoch) or (seed, step), so a resumed run sees exactly the
batches that an uninterrupted one would have seen.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seqrec_tf.errors import InputError
from seqrec_tf.ragged import to_padded
from seqrec_tf.settings.adaptive import SMALL_DATA
from seqrec_tf.settings.config import DRAWN, EncoderConfig, TrainingConfig

LEAST_PATIENCE = 3  # epochs, where it follows from how many there are
# Where the steps follow from the data; tests/benchmarks/README.md, "Settings that follow from the
# data", has what fewer cost. Small data learns slower, for its dropout.
LEAST_STEPS, LEAST_SMALL_EPOCHS = 4_000, 30

Batch = tuple[dict[str, tf.Tensor], tf.Tensor]  # as `TrainingData.batches` has them


@dataclass(frozen=True)
class TrainingData:
    """Batches of all epochs, one after the other.

    Attributes:
        batches: a `tf.data.Dataset` of (inputs, targets): inputs is a dict with `rows`
            (batch, length) int32; where times are read, `times` (batch, length + 1) int64; and,
            for objectives that draw them, `negatives` int32, (batch, length, count) for bce and
            (count,) for the others. Targets is (batch, length) int32, 0 where there is none.
        steps_per_epoch: batches an epoch.
        targets_per_epoch: real targets an epoch, padding not counted; with item dropout, fewer.
    """

    batches: tf.data.Dataset
    steps_per_epoch: int
    targets_per_epoch: int


@dataclass(frozen=True)
class _Examples:
    """Examples as slices of the flat training items, before any random shift.

    An example reads from `window + 1` items before its end up to its end, but nothing outside its
    history: [first, last). Every epoch moves the ends of all examples of a history to the right
    by the same random number, at most its `slack`.
    """

    first: np.ndarray
    last: np.ndarray
    ends: np.ndarray
    owner: np.ndarray  # number of the example's history
    slack: np.ndarray  # of each history
    window: int
    widths: np.ndarray  # input length of each length bucket

    def slices(self, shift: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Starts and limits of all examples, for the shift of each history."""
        ends = self.ends + tf.gather(shift, self.owner)
        starts = tf.maximum(tf.constant(self.first), ends - self.window - 1)
        return starts, tf.minimum(tf.constant(self.last), ends)

    def lengths(self, shift: np.ndarray) -> np.ndarray:
        """Targets of each example, for the shift of each history."""
        starts, limits = self.slices(tf.constant(shift))
        return (limits - starts - 1).numpy()


def training_data(
    histories: tf.RaggedTensor,
    items: int,
    encoder: EncoderConfig,
    training: TrainingConfig,
    first_epoch: int = 0,
    times: tf.RaggedTensor | None = None,
) -> TrainingData:
    """Batches for `epochs - first_epoch` epochs.

    Args:
        histories: (users, None) int32 item rows of the training part.
        items: size of the catalogue.
        encoder: for the window.
        training: examples, batch size, negatives, buckets, epochs and seed.
        first_epoch: epochs already done, when a run is resumed.
        times: (users, None) int64, of each item; read with `time_bias`.

    Raises:
        InputError: no history has two items, or there is no other item to draw as a negative.
    """
    draw = training.objective in DRAWN
    if draw and items < 2:
        raise InputError(
            f"--objective {training.objective}: expected at least 2 items to draw from. "
            "Received: 1."
        )
    examples = _examples(histories, encoder.window, training)
    steps = math.ceil(len(examples.ends) / training.batch_size)
    epochs = tf.data.Dataset.range(first_epoch, training.epochs)
    batches = epochs.flat_map(lambda epoch: _epoch(examples, training, epoch))
    batches = batches.enumerate(start=first_epoch * steps)
    read = times.flat_values if encoder.time_bias and times is not None else None
    make_batch = _batch_maker(histories.flat_values, read, examples, items, training)
    batches = batches.map(make_batch, num_parallel_calls=2, deterministic=True).prefetch(4)
    return TrainingData(batches, steps, _targets_per_epoch(examples, training))


def stretched(
    training: TrainingConfig, encoder: EncoderConfig, histories: tf.RaggedTensor
) -> TrainingConfig:
    """`training` with more epochs, and patience in proportion, where `min_steps` asks for them.

    An epoch of a small dataset is a few steps, and what suits a large one in 24 epochs would
    hardly have begun there. Where `min_steps` is None, at least `LEAST_STEPS` are made, and on
    small data those of at least `LEAST_SMALL_EPOCHS`. A patience of None is a sixth of the epochs:
    what overfits, as small data does long before its last epoch, ends early.
    """
    examples = _examples(histories, encoder.window, training)
    steps = math.ceil(len(examples.ends) / training.batch_size)
    least = training.min_steps
    if least is None:
        small = len(histories.flat_values) < SMALL_DATA
        least = max(LEAST_STEPS, LEAST_SMALL_EPOCHS * steps if small else 0)
    factor = max(least / (training.epochs * steps), 1)
    epochs = math.ceil(training.epochs * factor)
    if training.patience is None:
        patience = max(math.ceil(epochs / 6), LEAST_PATIENCE)
    else:
        patience = math.ceil(training.patience * factor)
    return dataclasses.replace(training, epochs=epochs, patience=patience, min_steps=least)


def _examples(histories: tf.RaggedTensor, window: int, training: TrainingConfig) -> _Examples:
    splits = histories.row_splits.numpy()
    targets = np.maximum(np.diff(splits) - 1, 0)
    slack = np.zeros_like(targets)
    match training.examples:
        case "positions":
            count, step = np.minimum(targets, 1), window
        case "slices":
            count, step = -(-targets // window), window
            slack = count * window - targets
        case "prefixes":
            count, step = targets, 1
    if not count.any():
        raise InputError("training part: expected a history of at least 2 items. Received: none.")
    owner = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    first, last = splits[:-1][owner], splits[1:][owner]
    examples = _Examples(
        first, last, last - number * step, owner, slack, window, widths=np.array([])
    )
    likely = np.random.default_rng(training.seed).integers(0, slack, endpoint=True)
    widths = bucket_widths(examples.lengths(likely), training.length_buckets)
    widths[-1] = min(window, targets.max())
    return dataclasses.replace(examples, widths=widths)


def bucket_widths(lengths: np.ndarray, buckets: int) -> np.ndarray:
    """At most `buckets` ascending batch widths, so that like-sized groups share one.

    A few fixed widths keep the number of compiled shapes small (XLA compiles once a shape).
    """
    quantiles = np.quantile(lengths, np.linspace(0, 1, buckets + 1)[1:], method="higher")
    return np.unique(quantiles)


@tf.autograph.experimental.do_not_convert
def _epoch(examples: _Examples, training: TrainingConfig, epoch: tf.Tensor) -> tf.data.Dataset:
    """The batches of one epoch, (batch, 2) slices: like lengths together, in random order."""
    count = len(examples.ends)
    seed = tf.stack([tf.constant(training.seed, tf.int64), epoch])
    uniform = tf.random.stateless_uniform([len(examples.slack)], seed + 2, dtype=tf.float64)
    shift = tf.cast(uniform * tf.constant(examples.slack + 1.0), tf.int64)
    slices = tf.stack(examples.slices(shift), axis=1)
    order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=seed)
    slices = tf.gather(slices, order)
    lengths = slices[:, 1] - slices[:, 0] - 1
    bucket = tf.searchsorted(tf.constant(examples.widths, lengths.dtype), lengths)
    slices = tf.gather(slices, tf.argsort(bucket, stable=True))
    edges = tf.minimum(tf.range(0, count + training.batch_size, training.batch_size), count)
    batches = tf.RaggedTensor.from_row_splits(slices, tf.unique(edges).y)
    sequence = tf.random.experimental.stateless_shuffle(tf.range(batches.nrows()), seed=seed + 1)
    return tf.data.Dataset.from_tensor_slices(tf.gather(batches, sequence))


def _batch_maker(
    values: tf.Tensor,
    times: tf.Tensor | None,
    examples: _Examples,
    items: int,
    training: TrainingConfig,
) -> Callable[[tf.Tensor, tf.Tensor], Batch]:
    widths = tf.constant(examples.widths, tf.int64)

    @tf.autograph.experimental.do_not_convert
    def make_batch(step: tf.Tensor, slices: tf.Tensor) -> Batch:
        seed = tf.stack([tf.constant(training.seed, tf.int64), step])
        begin, end = slices[:, 0], slices[:, 1]
        longest = tf.reduce_max(end - begin - 1)
        width = tf.gather(widths, tf.searchsorted(widths, [longest])[0])
        places = tf.ragged.range(begin, end)
        if training.item_dropout:
            places = left_out(places, training.item_dropout, seed)
        rows = tf.gather(values, places)
        inputs = {"rows": to_padded(rows[:, :-1], width)}
        if times is not None:
            inputs["times"] = to_padded(tf.gather(times, places), width + 1)
        targets = to_padded(rows[:, 1:], width)
        if training.examples == "prefixes":
            last = tf.cast(rows.row_lengths(), tf.int32) - 2
            targets = targets * tf.one_hot(last, tf.cast(width, tf.int32), dtype=tf.int32)
        if training.objective == "bce":
            inputs["negatives"] = draw_negatives(targets, training.negatives_drawn, items, seed)
        elif training.objective in DRAWN:
            inputs["negatives"] = draw_shared_negatives(values, training, items, seed)
        return inputs, targets

    return make_batch


def left_out(rows: tf.RaggedTensor, share: float, seed: tf.Tensor) -> tf.RaggedTensor:
    """Ragged values without a random share of them, the others in their order."""
    kept = tf.random.stateless_uniform([tf.size(rows.flat_values)], seed + 2) >= share
    return tf.ragged.boolean_mask(rows, rows.with_flat_values(kept))


def draw_negatives(targets: tf.Tensor, count: int, items: int, seed: tf.Tensor) -> tf.Tensor:
    """Uniform rows from 1..items without the target itself: (..., count) int32.

    Drawing from one value fewer and stepping over the target needs no rejection loop.
    """
    shape = tf.concat([tf.shape(targets), [count]], axis=0)
    drawn = tf.random.stateless_uniform(shape, seed, minval=1, maxval=items, dtype=tf.int32)
    return drawn + tf.cast(drawn >= targets[..., tf.newaxis], tf.int32)


def draw_shared_negatives(
    values: tf.Tensor, training: TrainingConfig, items: int, seed: tf.Tensor
) -> tf.Tensor:
    """Rows for the whole batch, (negatives,) int32, repeats and targets among them.

    A share of them is drawn by popularity, as items of random interactions of `values`; the
    others uniformly from 1..items.
    """
    count, popular = training.negatives_drawn, training.popular_negatives
    places = tf.random.stateless_uniform(
        [popular], seed, maxval=tf.size(values, tf.int64), dtype=tf.int64
    )
    uniform = tf.random.stateless_uniform(
        [count - popular], seed + 1, minval=1, maxval=items + 1, dtype=tf.int32
    )
    return tf.concat([tf.gather(values, places), uniform], axis=0)


def _targets_per_epoch(examples: _Examples, training: TrainingConfig) -> int:
    if training.examples == "prefixes":
        return len(examples.ends)
    return int(examples.lengths(np.zeros_like(examples.slack)).sum())
