"""The serving graph: raw ids in, recommended ids, titles and scores out.

Everything a client would otherwise have to do is inside: mapping ids, skipping unknown ones,
keeping the most recent items, leaving out what was seen, falling back to popularity, looking up
titles. Stock TensorFlow ops only, so an unmodified TensorFlow Serving loads it. What requests look
like is `export.graph.signatures`' business, how items are found `export.graph.exact`'s.
"""

import functools

import numpy as np
import tensorflow as tf

from export.graph.bounds import (
    MOST_ANSWERS,
    MOST_IDS,
    MOST_ROWS,
    PART_NUMBERS,
    Values,
    after,
    checked,
    few_or_many,
    in_parts,
    padded_part,
    ragged_part,
    rows_a_part,
    size_of,
)
from export.graph.categories import CategoryFilter
from export.graph.encoder import HistoryEncoder, reads_times, trained_part
from export.graph.exact import LOWEST
from export.graph.held import held_by
from export.graph.index import Index, Query
from export.graph.item_tables import row_table, title_table
from export.graph.requests import Known, Told, known_times
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.ragged import drop_padding


class Recommender(tf.Module):
    """Encoder, retrieval and id mapping as one trackable object.

    Policies: unknown ids, 0 and negatives (or "") are skipped wherever they stand; a history with
    nothing known left gets the popularity ranking; seen items are not recommended, also those
    before the encoder's window, unless `repeats` or the request says so, nor are those that the
    catalogue withholds; equal scores go to the lower row; if fewer than `k` items are left, the
    tail holds id 0 (or ""), an empty title and the lowest finite float.

    Args:
        encoder: a trained encoder.
        catalogue: its items.
        index: where items are found.
        k: how many items are recommended; at most the catalogue's size.
        id_name: name of the id inputs and outputs, such as `movie_ids`.
        repeats: whether seen items are recommended, where a request does not say.
    """

    def __init__(
        self,
        encoder: HistoryEncoder,
        catalogue: Catalogue,
        index: Index,
        k: int,
        id_name: str,
        repeats: bool = False,
    ):
        super().__init__()
        self.k, self.id_name, self.repeats = k, id_name, repeats
        self.dim, self.index = encoder.dim, index
        self.part = rows_a_part(catalogue.size + 1, encoder.window)
        self.pairs = max(1, PART_NUMBERS // self.dim)
        self._hold_items(catalogue)
        self._hold_encoder(encoder)
        histories = tf.RaggedTensorSpec([None, None], self.id_type)
        graph = functools.partial(tf.function, autograph=False)
        self.recommend = graph(self._recommend, input_signature=[histories])
        if self.reads_times:
            timestamps = tf.RaggedTensorSpec([None, None], tf.int64)
            now = tf.TensorSpec([None], tf.int64)
            self.recommend_at = graph(self._recommend, input_signature=[histories, timestamps, now])
        # For whoever restores the model: what its items are rated by, whatever the index.
        some = tf.TensorSpec([None], tf.int32)
        self.item_vectors = graph(index.vectors, input_signature=[some])

    def _hold_items(self, catalogue: Catalogue) -> None:
        """What is looked up of items, by row."""
        self.id_type = tf.int64 if catalogue.ids.dtype == np.int64 else tf.string
        self.text_separator = catalogue.text_separator
        padding = np.array([catalogue.padding], catalogue.ids.dtype)
        ids = tf.constant(np.concatenate([padding, catalogue.ids]), self.id_type)
        self.ids = tf.Variable(ids, trainable=False)
        self.titles = tf.Variable(title_table(catalogue.titles), trainable=False)
        self.popularity = tf.Variable(catalogue.popularity(), trainable=False)
        never = catalogue.never()
        # Without a list every row but 0 may come up, and the index knows of row 0.
        self.allowed = tf.Variable(~never, trainable=False) if never.sum() > 1 else None
        self.categories = CategoryFilter(catalogue) if catalogue.categories is not None else None
        self.rows = None if self.id_type == tf.int64 else row_table(ids)

    def _hold_encoder(self, encoder: HistoryEncoder) -> None:
        """The encoder as a function, and all that it needs."""
        # A Keras model held by a tf.Module is not tracked: the SavedModel would load and then
        # fail at the first request. Its TensorFlow variables are.
        self.encoder_variables = encoder.tensorflow_variables
        self.trained = trained_part(encoder)
        # Traced once for all signatures, and with AutoGraph, which a foreign encoder may need.
        self.reads_times = reads_times(encoder)
        kinds = [tf.int32, *([tf.int64] if self.reads_times else [])]
        ragged = [tf.RaggedTensorSpec([None, None], kind) for kind in kinds]
        self.encode_rows = tf.function(encoder.encode, input_signature=ragged)
        # Tables and the like, which a SavedModel holds only if something in it does.
        self.encoder_holds = held_by(self.encode_rows.get_concrete_function())

    def _recommend(
        self,
        histories: tf.RaggedTensor,
        timestamps: tf.RaggedTensor | None = None,
        now: tf.Tensor | None = None,
    ) -> dict[str, tf.Tensor]:
        """Ragged raw ids (batch, None) -> ids, titles (batch, k) and scores float32 (batch, k).

        The times as in `Told`.
        """
        known = self._known(Told(histories, timestamps, now), self.k)

        def answer(first: tf.Tensor | None, end: tf.Tensor | None) -> dict[str, tf.Tensor]:
            part = known.part(first, end)
            hidden = part.rows[:, :0] if self.repeats else part.rows
            return self._best(self._query(part, hidden, self.allowed), self.k)

        return in_parts(answer, known.rows.nrows(tf.int32), self.part, self._signature(self.k))

    def recommend_with_options(
        self,
        histories: tf.RaggedTensor,
        k: tf.Tensor,
        exclude_ids: tf.Tensor,
        filter_seen: tf.Tensor,
        categories: tf.Tensor | None = None,
        timestamps: tf.RaggedTensor | None = None,
        now: tf.Tensor | None = None,
    ) -> dict[str, tf.Tensor]:
        """As `recommend`, with options of one request.

        Args:
            histories: ragged raw ids, (batch, None).
            k: (), columns of the answer; at most 1,000, or twice as many as there are items.
            exclude_ids: (n,) raw ids that nobody of the batch gets.
            filter_seen: (), whether items of the history are left out.
            categories: (n,) string, only items of any of these; none for all.
            timestamps: as in `Told`.
            now: as in `Told`.
        """
        # Columns cost memory also where no item is left for them.
        most = max(1000, 2 * self.ids.shape[0])
        least = tf.debugging.assert_positive(k, "k: expected at least 1.")
        k = after(
            [least, tf.debugging.assert_less_equal(k, most, f"k: expected at most {most}.")], k
        )
        known = self._known(Told(histories, timestamps, now), k)
        rows = known.rows
        seen = rows.with_flat_values(tf.where(filter_seen, rows.flat_values, 0))
        allowed = self._allowed(exclude_ids, categories)

        def answer(first: tf.Tensor | None, end: tf.Tensor | None) -> dict[str, tf.Tensor]:
            hidden = ragged_part(seen, first, end)
            return self._best(self._query(known.part(first, end), hidden, allowed), k)

        return in_parts(answer, rows.nrows(tf.int32), self.part, self._signature(None))

    def _allowed(self, exclude_ids: tf.Tensor, categories: tf.Tensor | None) -> tf.Tensor:
        """(items + 1,) bool: a mask of the catalogue, however many histories there are."""
        exclude_ids = checked(exclude_ids, exclude_ids=(size_of(exclude_ids), MOST_IDS))
        allowed = self.allowed
        if categories is not None and self.categories is not None:
            wanted = self.categories.allowed(categories)
            allowed = wanted if allowed is None else tf.logical_and(wanted, allowed)
        if allowed is None:
            allowed = tf.ones([self.ids.shape[0]], tf.bool)
        rows = self._look_up(exclude_ids)[:, tf.newaxis]
        return tf.tensor_scatter_nd_update(allowed, rows, tf.zeros_like(exclude_ids, tf.bool))

    def score(self, histories: tf.RaggedTensor, candidates: tf.Tensor) -> tf.Tensor:
        """Scores of candidates, (batch, m) raw ids, in the unit of `recommend`'s, seen or not.

        Unknown candidates and padding get the lowest finite float.
        """
        candidates = checked(candidates, candidate_ids=(size_of(candidates), MOST_IDS))
        # Or one row would be repeated for all of the others.
        same = tf.shape(candidates, tf.int64)[0] == histories.nrows(tf.int64)
        message = "expected a row of candidate_ids for each history."
        candidates = after([tf.raw_ops.Assert(condition=same, data=[message])], candidates)
        known, rows = self._known(Told(histories)), self._look_up(candidates)
        count = known.rows.nrows(tf.int32)
        fits = tf.logical_and(count <= self.part, tf.size(rows) <= self.pairs)

        def few() -> tf.Tensor:
            return tf.linalg.matvec(self.index.vectors(rows), self._vectors(known))

        scores = few_or_many(fits, few, lambda: self._score_parts(known, rows))
        scores = tf.where(known.cold, tf.gather(self.popularity, rows), scores)
        return tf.where(rows > 0, scores, LOWEST)

    def _score_parts(self, known: Known, rows: tf.Tensor) -> tf.Tensor:
        """Dot products of histories with rows, (batch, m) each."""
        vectors = self._encoded(known)
        owners = tf.repeat(tf.range(tf.shape(rows)[0]), tf.shape(rows)[1])
        pairs = tf.reshape(rows, [-1])

        def scored(first: tf.Tensor | None, end: tf.Tensor | None) -> tf.Tensor:
            items, histories = (padded_part(part, first, end) for part in (pairs, owners))
            return tf.reduce_sum(self.index.vectors(items) * tf.gather(vectors, histories), axis=1)

        signature = tf.TensorSpec([None], tf.float32)
        return tf.reshape(in_parts(scored, tf.size(pairs), self.pairs, signature), tf.shape(rows))

    def encode(self, histories: tf.RaggedTensor) -> tf.Tensor:
        """Vectors whose dot products with the item table are the scores, (batch, dim) float32.

        Zeros for a history with nothing known.
        """
        return self._encoded(self._known(Told(histories)))

    def _encoded(self, known: Known) -> tf.Tensor:
        def encoded(first: tf.Tensor | None, end: tf.Tensor | None) -> tf.Tensor:
            return self._vectors(known.part(first, end))

        signature = tf.TensorSpec([None, self.dim], tf.float32)
        return in_parts(encoded, known.rows.nrows(tf.int32), self.part, signature)

    def _vectors(self, known: Known) -> tf.Tensor:
        """(batch, dim) float32, of no more histories than are worked on at a time."""
        return self.encode_rows(*(each for each in known if each is not None))

    def similar(self, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """The k items nearest to one item a request, (batch,) raw ids, by the cosine.

        Without the item itself; an unknown one gets the popularity ranking.
        """
        ids = self._checked(ids, size_of(ids), size_of(ids), self.k)
        all_rows = self._look_up(ids)

        def answer(first: tf.Tensor | None, end: tf.Tensor | None) -> dict[str, tf.Tensor]:
            rows = padded_part(all_rows, first, end)
            item = rows[:, tf.newaxis]
            vectors = self.index.vectors(rows) / tf.gather(self.index.norms, item)
            query = Query(vectors, item == 0, tf.RaggedTensor.from_tensor(item), self.allowed)
            return self._best(query, self.k, cosine=True)

        return in_parts(answer, tf.size(ids), self.part, self._signature(self.k))

    def _checked(
        self, values: Values, rows: tf.Tensor, ids: tf.Tensor, k: tf.Tensor | int
    ) -> Values:
        """`values` of a request that asks for what a client may mean; see `export.graph.bounds`."""
        answers = rows * tf.cast(k, tf.int64)
        return checked(
            values, rows=(rows, MOST_ROWS), ids=(ids, MOST_IDS), answers=(answers, MOST_ANSWERS)
        )

    def _signature(self, k: int | None) -> dict[str, tf.TensorSpec]:
        kinds = {self.id_name: self.id_type, "titles": tf.string, "scores": tf.float32}
        return {name: tf.TensorSpec([None, k], kind) for name, kind in kinds.items()}

    def _known(self, told: Told, k: tf.Tensor | int = 1) -> Known:
        """What the catalogue knows of histories; k answers for each."""
        count, ids = told.ids.nrows(tf.int64), size_of(told.ids.flat_values)
        histories = self._checked(told.ids, count, ids, k)
        rows = tf.ragged.map_flat_values(self._look_up, histories)
        if not self.reads_times:
            return Known(drop_padding(rows))
        return Known(drop_padding(rows), known_times(rows, told))

    def _look_up(self, ids: tf.Tensor) -> tf.Tensor:
        """Rows of raw ids of any shape, int32; 0 is what the catalogue does not know."""
        if self.rows is not None:
            return tf.cast(self.rows.lookup(ids), tf.int32)
        # Integers by bisection: a hash table takes more memory than the ids, and its content would
        # be constants of the graph.
        ascending, asked = (tf.reshape(values, [1, -1]) for values in (self.ids, ids))
        places = tf.raw_ops.LowerBound(sorted_inputs=ascending, values=asked)
        places = tf.minimum(tf.reshape(places, tf.shape(ids)), self.ids.shape[0] - 1)
        return tf.where(tf.gather(self.ids, places) == ids, places, 0)

    def _query(self, known: Known, hidden: tf.RaggedTensor, allowed: tf.Tensor | None) -> Query:
        return Query(self._vectors(known), known.cold, hidden, allowed)

    def _best(self, query: Query, k: tf.Tensor | int, cosine: bool = False) -> dict[str, tf.Tensor]:
        """The answer with k columns; beyond what the index reaches they are fillers."""
        found = tf.minimum(k, self.index.reach) if tf.is_tensor(k) else min(k, self.index.reach)
        scores, rows = self.index.search(query, found, cosine)
        if found is not k:
            scores = tf.pad(scores, [[0, 0], [0, k - found]], constant_values=LOWEST)
            rows = tf.pad(rows, [[0, 0], [0, k - found]])
        rows = tf.where(scores > LOWEST, rows, 0)
        return {
            self.id_name: tf.gather(self.ids, rows),
            "titles": tf.gather(self.titles, rows),
            "scores": scores,
        }
