"""The LiteRT graph and its conversion: one person's history in, recommendations out.

On a device a batch is one person, ids are int32 and there are no hash tables among the built-in
ops; ids are found by binary search in the sorted catalogue instead. Catalogues whose ids are
strings, or do not fit into an int32, speak item rows; the sidecar maps them.
"""

import re
from collections.abc import Callable

import numpy as np
import tensorflow as tf

# TensorFlow has no public name for it.
from tensorflow.lite.python.convert_phase import ConverterError

from export.graph.encoder import DeviceEncoder, HistoryEncoder, reads_times
from export.graph.signatures import concrete
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.folders import temporary_folder


def speaks_rows(catalogue: Catalogue) -> bool:
    """Whether the LiteRT file takes and gives item rows instead of raw ids."""
    return catalogue.ids.dtype != np.int64 or catalogue.ids[-1] > np.iinfo(np.int32).max


def convert(
    encoder: HistoryEncoder,
    catalogue: Catalogue,
    k: int,
    id_name: str,
    configure: Callable = lambda converter: None,
    repeats: bool = False,
) -> bytes:
    """The `.tflite` file: `id_name` int32 (length,) -> ids int32 (k,), scores float32 (k,).

    Of an encoder that reads times it also takes `timestamps`, int64 (length,) or (0,), and `now`,
    int64 (1,), in which 0 is unknown (`export.graph.requests.known_times`).

    Policies are those of `export.graph.recommender.Recommender`. Built-in ops only: the converter
    refuses a graph that needs others.

    Args:
        encoder: a trained encoder.
        catalogue: its items.
        k: items recommended.
        id_name: name of the id input and output.
        configure: given the `tf.lite.TFLiteConverter` before it converts.
        repeats: whether seen items are recommended.

    Raises:
        InputError: the encoder has ops that LiteRT does not.
    """
    if not isinstance(encoder, DeviceEncoder):
        raise InputError(
            "--format tflite: expected an encoder of single histories, with `encode_one`. "
            f"Received: {type(encoder).__name__}."
        )
    module = LiteRecommender(encoder, catalogue, k, id_name, repeats)
    inputs = {id_name: tf.TensorSpec([None], tf.int32)}
    if module.reads_times:
        inputs |= {
            "timestamps": tf.TensorSpec([None], tf.int64),
            "now": tf.TensorSpec([1], tf.int64),
        }
    traced = concrete(module.recommend, inputs)
    # The converter itself goes by way of a SavedModel, but without a word about a full disk: its
    # file then lacks the signature.
    with temporary_folder("seqrec-lite-") as folder:
        tf.saved_model.save(module, str(folder), signatures=traced)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        configure(converter)
        try:
            return converter.convert()
        except ConverterError as error:
            foreign = re.findall(
                r"^\s*(?:TF Select|Flex|Custom) ops: (.*)$", str(error), re.MULTILINE
            )
            if not foreign:
                raise
            raise InputError(
                "--format tflite: expected an encoder of LiteRT's built-in ops. "
                f"Received: {', '.join(foreign)}."
            ) from error


class LiteRecommender(tf.Module):
    """See `convert`."""

    def __init__(
        self,
        encoder: DeviceEncoder,
        catalogue: Catalogue,
        k: int,
        id_name: str,
        repeats: bool = False,
    ):
        super().__init__()
        rows = np.arange(catalogue.size + 1, dtype=np.int32)
        ids = catalogue.ids if not speaks_rows(catalogue) else rows[1:]
        self.ids = tf.constant(np.concatenate([[0], ids]).astype(np.int32))
        never = catalogue.never()
        # Row 0 alone is one more row to scatter; a mask is a pass over all scores.
        self.never = tf.constant(never) if never.sum() > 1 else None
        # Without a known item nothing was seen, so the answer is the same for everybody.
        self.cold = tf.math.top_k(tf.where(never, tf.float32.min, catalogue.popularity()), k)
        self.k = k
        self.id_name = id_name
        self.repeats = repeats
        # Untracked variables are dropped by the converter without a word, and every answer of
        # the file is wrong.
        self.encoder_variables = encoder.tensorflow_variables
        self._encoder = encoder
        self.reads_times = reads_times(encoder)

    def recommend(self, history: tf.Tensor, *told: tf.Tensor) -> dict[str, tf.Tensor]:
        """(length,) int32 ids of any length, and times if they are read -> the top k."""
        rows = self._look_up(history)
        known = tf.boolean_mask(rows, rows > 0)
        times = self._times(rows, *told) if self.reads_times else None
        top = tf.math.top_k(self._hide(self._scores(known, times), known), self.k)
        warm = tf.size(known) > 0
        values = tf.where(warm, top.values, self.cold.values)
        rows = tf.where(warm, top.indices, self.cold.indices)
        rows = tf.where(values > tf.float32.min, rows, 0)
        return {self.id_name: tf.gather(self.ids, rows), "scores": values}

    def _hide(self, scores: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
        """`scores` with row 0, the rows that were seen, and what nobody gets at the lowest."""
        if self.never is not None:
            scores = tf.where(self.never, tf.float32.min, scores)
        # With repeats row 0 as often, and no constant: with one, LiteRT's interpreter now and then
        # answered wrongly after histories of another length (2 of 3 times; so 0 of 16).
        hidden = tf.concat([[0], tf.zeros_like(known) if self.repeats else known], axis=0)
        counts = tf.scatter_nd(hidden[:, tf.newaxis], tf.ones_like(hidden), tf.shape(self.ids))
        return tf.where(counts > 0, tf.float32.min, scores)

    def _times(self, rows: tf.Tensor, timestamps: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
        """(known + 1,) int64: see `export.graph.requests.known_times`."""
        fits = tf.size(timestamps) == tf.size(rows)
        short = tf.zeros([tf.maximum(tf.size(rows) - tf.size(timestamps), 0)], tf.int64)
        aligned = tf.concat([timestamps, short], axis=0)[: tf.size(rows)]
        aligned = tf.where(fits, aligned, tf.zeros_like(aligned))
        return tf.concat([tf.boolean_mask(aligned, rows > 0), now], axis=0)

    def _scores(self, known: tf.Tensor, times: tf.Tensor | None) -> tf.Tensor:
        recent = known[-self._encoder.window :]
        # Networks need a position to compute, also when there is nothing to read.
        filler = tf.zeros([tf.maximum(1 - tf.size(recent), 0)], tf.int32)
        read = [tf.concat([recent, filler], axis=0)]
        if times is not None:
            recent_times = times[-self._encoder.window - 1 :]
            read.append(tf.concat([tf.cast(filler, tf.int64), recent_times], axis=0))
        vector = self._encoder.encode_one(*read)
        return tf.matmul(vector, self._encoder.item_table(), transpose_b=True)[0]

    def _look_up(self, history: tf.Tensor) -> tf.Tensor:
        """Item rows (length,), 0 for unknown ids, by binary search: the loop unrolls."""
        rows = tf.zeros_like(history)
        count = self.ids.shape[0]
        for step in reversed([2**power for power in range(count.bit_length())]):
            further = tf.minimum(rows + step, count - 1)
            rows = tf.where(tf.gather(self.ids, further) <= history, further, rows)
        return tf.where(tf.gather(self.ids, rows) == history, rows, 0)
