"""The serving graph: raw ids in, recommended ids, titles and scores out.

Everything a client would otherwise have to do is inside: mapping ids, skipping unknown ones,
keeping the most recent items, leaving out what was seen, falling back to popularity, looking up
titles. Stock TensorFlow ops only, so an unmodified TensorFlow Serving loads it. What requests look
like is `export.signatures`' business.
"""

import tensorflow as tf

from export.retrieval import top_rows
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.models import Encoder
from seqrec_tf.ragged import drop_padding

LOWEST = tf.float32.min
TINY = 1e-12  # the norm of an item whose vector is zero, so that its cosines are 0


class Recommender(tf.Module):
    """Encoder, exact retrieval and id mapping as one trackable object.

    Policies: unknown ids, 0 and negatives (or "") are skipped wherever they stand; a history with
    nothing known left gets the popularity ranking; seen items are never recommended, also those
    before the encoder's window, nor are those that the catalogue withholds; equal scores go to
    the lower row; if fewer than `k` items are left, the tail holds id 0 (or ""), an empty title
    and the lowest finite float.

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
        self.padding = 0 if self.id_type == tf.int64 else ""
        ids = tf.constant([self.padding, *catalogue.ids.tolist()], self.id_type)
        self.ids = tf.Variable(ids, trainable=False)
        self.titles = tf.Variable(["", *catalogue.titles.tolist()], trainable=False)
        self.popularity = tf.Variable(catalogue.popularity(), trainable=False)
        withheld = catalogue.never()
        # Row 0 alone is one more pair to scatter; a mask is a pass over all scores.
        self.never = tf.constant(withheld) if withheld.sum() > 1 else None
        self.rows = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                ids[1:], tf.range(1, catalogue.size + 1, dtype=tf.int64)
            ),
            default_value=0,
        )
        # A Keras model held by a tf.Module is not tracked: the SavedModel would load and then
        # fail at the first request. Its TensorFlow variables are.
        self.encoder_variables = encoder.tensorflow_variables
        # Methods, not the encoder: a SavedModel would hold what hangs on it a second time.
        self._encode, self._item_table = encoder.encode, encoder.item_table
        norms = tf.norm(encoder.item_table(), axis=1)
        self.norms = tf.Variable(tf.maximum(norms, TINY), trainable=False)
        self.text_separator = catalogue.text_separator
        self.recommend = tf.function(
            self.answer, input_signature=[tf.RaggedTensorSpec([None, None], self.id_type)]
        )

    def answer(self, histories: tf.RaggedTensor) -> dict[str, tf.Tensor]:
        """Ragged raw ids (batch, None) -> ids, titles (batch, k) and scores float32 (batch, k)."""
        known = self._known(histories)
        return self._best(self._hide(self._scores(known), known), self.k)

    def answer_with_options(
        self, histories: tf.RaggedTensor, k: tf.Tensor, exclude_ids: tf.Tensor, filter_seen
    ) -> dict[str, tf.Tensor]:
        """As `answer`, with `k` columns, without `exclude_ids` (n,), with or without the seen."""
        tf.debugging.assert_positive(k, "k: expected at least 1.")
        known = self._known(histories)
        seen = known.with_flat_values(tf.where(filter_seen, known.flat_values, 0))
        scores = self._hide(self._scores(known), seen)
        scores = self._hide(scores, self._everybody(self._look_up(exclude_ids), scores))
        return self._best(scores, k)

    def score(self, histories: tf.RaggedTensor, candidates: tf.Tensor) -> tf.Tensor:
        """Scores of candidates, (batch, m) raw ids, in the unit of `answer`'s, seen or not.

        Unknown candidates and padding get the lowest finite float.
        """
        known, rows = self._known(histories), self._look_up(candidates)
        vectors = self._encode(known)
        scores = tf.linalg.matvec(tf.gather(self._item_table(), rows), vectors)
        scores = tf.where(_cold(known), tf.gather(self.popularity, rows), scores)
        return tf.where(rows > 0, scores, LOWEST)

    def encode(self, histories: tf.RaggedTensor) -> tf.Tensor:
        """Vectors whose dot products with the item table are the scores, (batch, dim) float32.

        Zeros for a history with nothing known.
        """
        return self._encode(self._known(histories))

    def similar(self, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """The k items nearest to one item a request, (batch,) raw ids, by the cosine.

        Without the item itself; an unknown one gets the popularity ranking.
        """
        item = tf.RaggedTensor.from_row_lengths(ids, tf.ones_like(ids, tf.int64))
        known = self._known(item)
        rows = self._look_up(ids)
        table = self._item_table()
        scores = tf.matmul(tf.gather(table, rows), table, transpose_b=True)
        scores /= tf.gather(self.norms, rows)[:, tf.newaxis] * self.norms
        scores = tf.where(_cold(known), self.popularity, scores)
        return self._best(self._hide(scores, known), self.k)

    def _known(self, histories: tf.RaggedTensor) -> tf.RaggedTensor:
        """Rows of the ids that the catalogue knows: (batch, None) int32."""
        return drop_padding(tf.ragged.map_flat_values(self._look_up, histories))

    def _look_up(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.rows.lookup(ids), tf.int32)

    def _scores(self, known: tf.RaggedTensor) -> tf.Tensor:
        """Scores of all rows, (batch, items + 1)."""
        scores = tf.matmul(self._encode(known), self._item_table(), transpose_b=True)
        return tf.where(_cold(known), self.popularity, scores)

    def _hide(self, scores: tf.Tensor, rows: tf.RaggedTensor) -> tf.Tensor:
        """`scores` with `rows`, (batch, None), and what nobody gets at the lowest float."""
        if self.never is not None:
            scores = tf.where(self.never, LOWEST, scores)
        users = tf.range(rows.nrows(out_type=tf.int64))
        padding = tf.stack([users, tf.zeros_like(users)], axis=1)
        pairs = tf.stack([rows.value_rowids(), tf.cast(rows.flat_values, tf.int64)], axis=1)
        hidden = tf.concat([padding, pairs], axis=0)
        lowest = tf.fill([tf.shape(hidden)[0]], LOWEST)
        return tf.tensor_scatter_nd_update(scores, hidden, lowest)

    def _everybody(self, rows: tf.Tensor, scores: tf.Tensor) -> tf.RaggedTensor:
        """The same rows (n,) for each user: (batch, n)."""
        return tf.RaggedTensor.from_tensor(tf.tile(rows[tf.newaxis], [tf.shape(scores)[0], 1]))

    def _best(self, scores: tf.Tensor, k: tf.Tensor | int) -> dict[str, tf.Tensor]:
        """The answer with k columns; beyond the catalogue's size they are fillers."""
        found = tf.minimum(k, scores.shape[1])
        values, rows = top_rows(scores, found)
        values = tf.pad(values, [[0, 0], [0, k - found]], constant_values=LOWEST)
        rows = tf.pad(rows, [[0, 0], [0, k - found]])
        rows = tf.where(values > LOWEST, rows, 0)
        return {
            self.id_name: tf.gather(self.ids, rows),
            "titles": tf.gather(self.titles, rows),
            "scores": values,
        }


def _cold(known: tf.RaggedTensor) -> tf.Tensor:
    """Whether nothing is known of a history, (batch, 1)."""
    return known.row_lengths()[:, tf.newaxis] == 0
