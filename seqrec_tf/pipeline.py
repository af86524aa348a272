"""The training pipeline: ragged histories in, padded batches out, in graph code throughout.

An example is a slice of one history: its inputs are all items but the last, its targets all but
the first. With `positions` an example is the most recent `window + 1` items of a user and every
position has a target; with `prefixes` there is an example for every position of every history,
with up to `window` items before it, and only its last position has a target.

All randomness is a function of (seed, epoch) or (seed, step), so a resumed run sees exactly the
batches that an uninterrupted one would have seen.
"""

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seqrec_tf.config import EncoderConfig, TrainingConfig
from seqrec_tf.errors import InputError
from seqrec_tf.ragged import to_padded


@dataclass(frozen=True)
class TrainingData:
    """Batches of all epochs, one after the other.

    Attributes:
        batches: a `tf.data.Dataset` of (inputs, targets): inputs is a dict with `rows`
            (batch, length) int32 and, for objectives that draw them, `negatives`
            (batch, length, count) int32; targets is (batch, length) int32, 0 where there is none.
        steps_per_epoch: batches an epoch.
        targets_per_epoch: real targets an epoch, padding not counted.
    """

    batches: tf.data.Dataset
    steps_per_epoch: int
    targets_per_epoch: int


@dataclass(frozen=True)
class _Examples:
    """Slices [start, limit) of the flat training items, with their length bucket."""

    starts: np.ndarray
    limits: np.ndarray
    bucket: np.ndarray
    widths: np.ndarray  # input length of each bucket


def training_data(
    histories: tf.RaggedTensor,
    items: int,
    encoder: EncoderConfig,
    training: TrainingConfig,
    first_epoch: int = 0,
) -> TrainingData:
    """Batches for `epochs - first_epoch` epochs.

    Args:
        histories: (users, None) int32 item rows of the training part.
        items: size of the catalogue.
        encoder: for the window.
        training: examples, batch size, negatives, buckets, epochs and seed.
        first_epoch: epochs already done, when a run is resumed.

    Raises:
        InputError: no history has two items, or there is no other item to draw as a negative.
    """
    if training.objective == "bce" and items < 2:
        raise InputError("--objective bce: expected at least 2 items to draw from. Received: 1.")
    examples = _examples(histories, encoder.window, training)
    steps = math.ceil(len(examples.starts) / training.batch_size)
    epochs = tf.data.Dataset.range(first_epoch, training.epochs)
    batches = epochs.flat_map(lambda epoch: _epoch(examples, training, epoch))
    batches = batches.enumerate(start=first_epoch * steps)
    negatives = training.negatives if training.objective == "bce" else 0
    make_batch = _batch_maker(histories.flat_values, examples, items, negatives, training)
    batches = batches.map(make_batch, num_parallel_calls=2, deterministic=True).prefetch(4)
    targets = _targets_per_epoch(examples, training)
    return TrainingData(batches, steps, targets)


def _examples(histories: tf.RaggedTensor, window: int, training: TrainingConfig) -> _Examples:
    splits = histories.row_splits.numpy()
    if training.examples == "positions":
        limits = splits[1:]
        starts = np.maximum(splits[:-1], limits - window - 1)
    else:
        first = np.repeat(splits[:-1], np.diff(splits))
        limits = np.arange(1, splits[-1] + 1)
        starts = np.maximum(first, limits - window - 1)
    enough = limits - starts >= 2
    if not enough.any():
        raise InputError("training part: expected a history of at least 2 items. Received: none.")
    starts, limits = starts[enough], limits[enough]
    lengths = limits - starts - 1
    widths = bucket_widths(lengths, training.length_buckets)
    return _Examples(starts, limits, np.searchsorted(widths, lengths), widths)


def bucket_widths(lengths: np.ndarray, buckets: int) -> np.ndarray:
    """At most `buckets` ascending batch widths, so that like-sized groups share one.

    A few fixed widths keep the number of compiled shapes small (XLA compiles once a shape).
    """
    quantiles = np.quantile(lengths, np.linspace(0, 1, buckets + 1)[1:], method="higher")
    return np.unique(quantiles)


def _epoch(examples: _Examples, training: TrainingConfig, epoch: tf.Tensor) -> tf.data.Dataset:
    """The batches of one epoch as example numbers: like lengths together, in random order."""
    count = len(examples.starts)
    seed = tf.stack([tf.constant(training.seed, tf.int64), epoch])
    order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=seed)
    buckets = tf.gather(tf.constant(examples.bucket), order)
    order = tf.gather(order, tf.argsort(buckets, stable=True))
    edges = tf.minimum(tf.range(0, count + training.batch_size, training.batch_size), count)
    batches = tf.RaggedTensor.from_row_splits(order, tf.unique(edges).y)
    sequence = tf.random.experimental.stateless_shuffle(tf.range(batches.nrows()), seed=seed + 1)
    return tf.data.Dataset.from_tensor_slices(tf.gather(batches, sequence))


def _batch_maker(values, examples: _Examples, items: int, negatives: int, training):
    starts, limits = tf.constant(examples.starts), tf.constant(examples.limits)
    widths = tf.constant(examples.widths, tf.int64)

    def make_batch(step: tf.Tensor, chosen: tf.Tensor):
        begin, end = tf.gather(starts, chosen), tf.gather(limits, chosen)
        longest = tf.reduce_max(end - begin - 1)
        width = tf.gather(widths, tf.searchsorted(widths, [longest])[0])
        inputs = {"rows": to_padded(_slices(values, begin, end - 1), width)}
        targets = to_padded(_slices(values, begin + 1, end), width)
        if training.examples == "prefixes":
            last = tf.one_hot(end - begin - 2, tf.cast(width, tf.int32), dtype=tf.int32)
            targets = targets * last
        if negatives:
            seed = tf.stack([tf.constant(training.seed, tf.int64), step])
            inputs["negatives"] = draw_negatives(targets, negatives, items, seed)
        return inputs, targets

    return make_batch


def _slices(values: tf.Tensor, starts: tf.Tensor, limits: tf.Tensor) -> tf.RaggedTensor:
    return tf.gather(values, tf.ragged.range(starts, limits))


def draw_negatives(targets: tf.Tensor, count: int, items: int, seed: tf.Tensor) -> tf.Tensor:
    """Uniform rows from 1..items without the target itself: (..., count) int32.

    Drawing from one value fewer and stepping over the target needs no rejection loop.
    """
    shape = tf.concat([tf.shape(targets), [count]], axis=0)
    drawn = tf.random.stateless_uniform(shape, seed, minval=1, maxval=items, dtype=tf.int32)
    return drawn + tf.cast(drawn >= targets[..., tf.newaxis], tf.int32)


def _targets_per_epoch(examples: _Examples, training: TrainingConfig) -> int:
    if training.examples == "prefixes":
        return len(examples.starts)
    return int((examples.limits - examples.starts - 1).sum())
