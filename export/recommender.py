"""The serving graph: raw ids in, recommended ids, titles and scores out.

Everything a client would otherwise have to do is inside: mapping ids, skipping unknown ones,
keeping the most recent items, leaving out what was seen, falling back to popularity, looking up
titles. Stock TensorFlow ops only, so an unmodified TensorFlow Serving loads it.
"""

import tensorflow as tf

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.models import Encoder
from seqrec_tf.ragged import drop_padding

# Every number that fits into an int64 and no larger one, on which `to_number` would fail: fewer
# digits than the largest, or as many and a smaller one somewhere after the same beginning.
LARGEST = str(tf.int64.max)
SMALLER = (
    f"{LARGEST[:i]}[0-{int(d) - 1}][0-9]{{{18 - i}}}" for i, d in enumerate(LARGEST) if d > "0"
)
INTEGER = rf"[+-]?0*([0-9]{{1,18}}|{'|'.join(SMALLER)}|{LARGEST})"


class Recommender(tf.Module):
    """Encoder, exact retrieval and id mapping as one trackable object.

    Policies: unknown ids, 0 and negatives (or "") are skipped wherever they stand; a history with
    nothing known left gets the popularity ranking; seen items are never recommended, also those
    before the encoder's window; equal scores go to the lower row; if fewer than `k` items are
    left, the tail holds id 0 (or ""), an empty title and the lowest finite float.

    Args:
        encoder: a trained encoder.
        catalogue: its items.
        k: how many items are recommended; at most the catalogue's size.
        id_name: name of the id inputs and outputs, such as `movie_ids`.
    """

    def __init__(self, encoder: Encoder, catalogue: Catalogue, k: int, id_name: str):
        super().__init__()
        self.k = k
        self.id_name = id_name
        self.id_type = tf.int64 if catalogue.ids.dtype == "int64" else tf.string
        padding = 0 if self.id_type == tf.int64 else ""
        ids = tf.constant([padding, *catalogue.ids.tolist()], self.id_type)
        self.ids = tf.Variable(ids, trainable=False)
        self.titles = tf.Variable(["", *catalogue.titles.tolist()], trainable=False)
        self.popularity = tf.Variable(catalogue.popularity(), trainable=False)
        self.rows = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                ids[1:], tf.range(1, catalogue.size + 1, dtype=tf.int64)
            ),
            default_value=0,
        )
        # A Keras model held by a tf.Module is not tracked: the SavedModel would load and then
        # fail at the first request. Its TensorFlow variables are.
        self.encoder_variables = [variable.value for variable in encoder.variables]
        # Methods, not the encoder: a SavedModel would hold what hangs on it a second time.
        self._encode, self._item_table = encoder.encode, encoder.item_table
        self.text_separator = catalogue.text_separator
        self.recommend = tf.function(
            self._recommend, input_signature=[tf.RaggedTensorSpec([None, None], self.id_type)]
        )

    def _recommend(self, histories: tf.RaggedTensor) -> dict[str, tf.Tensor]:
        """Ragged raw ids (batch, None) -> ids, titles (batch, k) and scores float32 (batch, k)."""
        top = tf.math.top_k(self._scores(histories), self.k)
        rows = tf.where(top.values > tf.float32.min, top.indices, 0)
        return {
            self.id_name: tf.gather(self.ids, rows),
            "titles": tf.gather(self.titles, rows),
            "scores": top.values,
        }

    def _scores(self, histories: tf.RaggedTensor) -> tf.Tensor:
        """Scores of all rows, (batch, items + 1); seen rows and row 0 at the lowest float."""
        known = drop_padding(tf.ragged.map_flat_values(self._look_up, histories))
        vectors = self._encode(known)
        scores = tf.matmul(vectors, self._item_table(), transpose_b=True)
        cold = known.row_lengths() == 0
        scores = tf.where(cold[:, tf.newaxis], self.popularity, scores)
        users = tf.range(known.nrows(out_type=tf.int64))
        padding = tf.stack([users, tf.zeros_like(users)], axis=1)
        seen = tf.stack([known.value_rowids(), tf.cast(known.flat_values, tf.int64)], axis=1)
        masked = tf.concat([padding, seen], axis=0)
        lowest = tf.fill([tf.shape(masked)[0]], tf.float32.min)
        return tf.tensor_scatter_nd_update(scores, masked, lowest)

    def _look_up(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.rows.lookup(ids), tf.int32)

    def from_dense(self, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """`serving_default`: (batch, length), padded anywhere."""
        return self._recommend(tf.RaggedTensor.from_tensor(ids))

    def from_components(self, ids: tf.Tensor, row_splits: tf.Tensor) -> dict[str, tf.Tensor]:
        """`ragged`: values (total,) and row splits (batch + 1,)."""
        return self._recommend(tf.RaggedTensor.from_row_splits(ids, row_splits))

    def from_text(self, history: tf.Tensor) -> dict[str, tf.Tensor]:
        """`text`: (batch,) strings, ids separated as `text_separator` says.

        A token that is no number counts as an unknown id: when a server merges requests into one
        batch, an error would fail everybody's.
        """
        if self.text_separator == "\n":
            tokens = tf.strings.split(history, "\n")
        else:
            tokens = tf.strings.split(tf.strings.regex_replace(history, r"[,\s]+", " "))
        if self.id_type == tf.string:
            return self._recommend(tokens)
        numeric = tf.ragged.map_flat_values(tf.strings.regex_full_match, tokens, INTEGER)
        tokens = tf.ragged.boolean_mask(tokens, numeric)
        return self._recommend(tf.strings.to_number(tokens, tf.int64))

    def from_examples(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """`examples`: (batch,) serialized `tf.train.Example`s, a feature of any length each."""
        feature = tf.io.RaggedFeature(self.id_type, row_splits_dtype=tf.int64)
        parsed = tf.io.parse_example(inputs, {self.id_name: feature})
        answer = self._recommend(parsed[self.id_name])
        ids = answer[self.id_name]
        if self.id_type == tf.int64:
            ids = tf.where(ids > 0, tf.strings.as_string(ids), "")
        return {"classes": ids, "scores": answer["scores"]}

    def signatures(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """The SavedModel's signatures, by name (README, "Signatures")."""
        ids = self.id_name
        specs = {
            "serving_default": (self.from_dense, {ids: tf.TensorSpec([None, None], self.id_type)}),
            "ragged": (
                self.from_components,
                {
                    ids: tf.TensorSpec([None], self.id_type),
                    "row_splits": tf.TensorSpec([None], tf.int64),
                },
            ),
            "text": (self.from_text, {"history": tf.TensorSpec([None], tf.string)}),
            "examples": (self.from_examples, {"inputs": tf.TensorSpec([None], tf.string)}),
        }
        return {name: concrete(function, inputs) for name, (function, inputs) in specs.items()}


def concrete(function, inputs: dict[str, tf.TensorSpec]):
    """Trace `function` with positional inputs that are named as in `inputs`."""
    named = [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in inputs.items()]
    return tf.function(function).get_concrete_function(*named)
