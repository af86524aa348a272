"""Ask an exported SavedModel for the recommendations of many users, in plain TensorFlow."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import tensorflow as tf
from tensorflow.python.trackable.autotrackable import AutoTrackable

from export.graph.bounds import MOST_IDS
from export.proof.contract import signature_defaults
from seqrec_tf.errors import InputError

ARROW = {"int64": pa.int64(), "string": pa.string()}
NUMPY = {"int64": np.int64, "string": object}


def answer_schema(id_name: str, id_type: str, user_type: str) -> pa.Schema:
    """Columns of the answers: `movie_ids` recommended are a column `movie_id`, as in items.csv."""
    return pa.schema(
        {
            "user": ARROW[user_type],
            "rank": pa.int32(),
            id_name.removesuffix("s"): ARROW[id_type],
            "title": pa.string(),
            "score": pa.float32(),
        }
    )


class Scorer:
    """A SavedModel's answers as rows of a table.

    Args:
        folder: the SavedModel.
        id_name: name of its id inputs and outputs.
        schema: of the rows.
        k: items recommended; None: as many as the export says.
        now: when everybody asks, if the model reads times and those of the items are known.

    Attributes:
        asked: how many items the histories held that were asked so far.
        unknown: how many of them the catalogue does not know.
        first_unknown: the first of those.
    """

    def __init__(
        self, folder: Path, id_name: str, schema: pa.Schema, k: int | None, now: int | None = None
    ):
        self.model = tf.saved_model.load(str(folder))
        self.options = {} if k is None else _options(self.model, folder, id_name)
        self.id_name = id_name
        self.schema = schema
        self.k, self.now = k, now
        self.user_type, self.id_type = (str(schema.types[column]) for column in (0, 2))
        self.ids = self.model.ids.numpy()[1:]
        self.asked, self.unknown, self.first_unknown = 0, 0, None
        self._refused: InputError | None = None

    def answers(
        self, parts: Iterable[tuple[int, Iterator[tuple]]], batch_size: int
    ) -> Iterator[tuple[int, int, pa.Table]]:
        """The answers a batch at a time, in order; a batch is of one part.

        Args:
            parts: number of a part, and its users, each with the lists of their items and times.
            batch_size: histories a batch, at most; fewer where they are too long for the graph.

        Yields:
            Number of the part, users of the batch, and their rows.

        Raises:
            InputError: a user has more items than the graph takes of one.
        """
        for number, users, *asked in self._batches(parts, batch_size):
            yield int(number), len(users), self._rows(users.numpy(), self._ask(*asked))
        if self._refused:
            raise self._refused

    def _batches(
        self, parts: Iterable[tuple[int, Iterator[tuple]]], batch_size: int
    ) -> tf.data.Dataset:
        """Number of the part, users (batch,), their items and times, ragged (batch, None)."""

        # A step of a generator costs tf.data more than a user costs, so each gives a batch.
        def packed() -> Iterator[tuple]:
            for number, people in parts:
                for batch in _batches(people, batch_size):
                    users, items, times = zip(*batch, strict=True)
                    flat = np.array(list(chain.from_iterable(items)), NUMPY[self.id_type])
                    self._count(flat)
                    lengths = [len(history) for history in items]
                    when = np.array(list(chain.from_iterable(times)), np.int64)
                    yield number, np.array(users, NUMPY[self.user_type]), flat, when, lengths

        def readable() -> Iterator[tuple]:
            try:
                yield from packed()
            except InputError as error:  # tf.data would make a traceback of it
                self._refused = error

        kinds = (self.user_type, self.id_type, "int64", "int64")
        signature = (tf.TensorSpec([], "int64"), *(tf.TensorSpec([None], kind) for kind in kinds))
        flat = tf.data.Dataset.from_generator(readable, output_signature=signature)
        return flat.map(
            lambda number, users, flat, times, lengths: (
                number,
                users,
                tf.RaggedTensor.from_row_lengths(flat, lengths),
                tf.RaggedTensor.from_row_lengths(times, lengths),
            )
        ).prefetch(2)

    def _count(self, flat: np.ndarray) -> None:
        raw = (
            flat if self.id_type == "int64" else np.array([text.encode() for text in flat], object)
        )
        # The catalogue is in ascending order, of bytes as of texts.
        places = np.minimum(np.searchsorted(self.ids, raw), len(self.ids) - 1)
        unknown = np.flatnonzero(self.ids[places] != raw)
        if len(unknown) and not self.unknown:
            self.first_unknown = flat[unknown].tolist()[0]
        self.asked += len(flat)
        self.unknown += len(unknown)

    def _ask(self, histories: tf.RaggedTensor, times: tf.RaggedTensor) -> dict[str, tf.Tensor]:
        if self.k is None and self.now is None:
            return self.model.recommend(histories)
        if self.k is None:
            now = tf.fill([histories.nrows()], tf.constant(self.now, tf.int64))
            return self.model.recommend_at(histories, times, now)
        k = tf.constant(self.k, self.options["k"].dtype)
        asked = {self.id_name: histories.to_tensor(), "k": k}
        if self.now is not None:
            asked |= {"timestamps": times.to_tensor(), "now": tf.constant([self.now], tf.int64)}
        return self.model.signatures["recommend"](**self.options | asked)

    def _rows(self, users: np.ndarray, answer: dict[str, tf.Tensor]) -> pa.Table:
        """One row a recommendation; fillers, which have the id 0 or "", are left out."""
        ids, titles, scores = (answer[n].numpy() for n in (self.id_name, "titles", "scores"))
        row, place = np.nonzero(ids != (0 if self.id_type == "int64" else b""))
        columns = (users[row], place + 1, ids[row, place], titles[row, place], scores[row, place])
        arrays = [
            pa.array(column, kind) for column, kind in zip(columns, self.schema.types, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)


def _batches(people: Iterator[tuple], size: int) -> Iterator[list[tuple]]:
    """Lists of people: at most `size`, and not more ids, padded, than the graph takes."""
    while batch := list(islice(people, size)):
        first, longest = 0, 0
        for place, (user, items, _) in enumerate(batch):
            _require_readable(user, len(items))
            longest = max(longest, len(items))
            if (place - first + 1) * longest > MOST_IDS and place > first:
                yield batch[first:place]
                first, longest = place, len(items)
        yield batch[first:]


def _require_readable(user: int | str, count: int) -> None:
    """Check that the graph takes a history of so many items.

    Raises:
        InputError: it does not; no request could ask for this user.
    """
    if count > MOST_IDS:
        raise InputError(
            f"user {user!r}: expected a history of at most {MOST_IDS:,} items. Received: {count:,}."
        )


def _options(model: AutoTrackable, folder: Path, id_name: str) -> dict[str, tf.Tensor]:
    """The defaults of the inputs of `recommend`, `k` among them, for all but the histories.

    Raises:
        InputError: an input without a default, or no such signature: not of this exporter.
    """
    defaults = signature_defaults(folder).get("recommend", {})
    signatures = model.signatures
    known = {}
    if "recommend" in signatures:
        known = signatures["recommend"].structured_input_signature[1]
    missing = known.keys() - defaults.keys() - {id_name}
    if missing or "k" not in defaults:
        raise InputError(
            f"--k: expected {folder} with a signature 'recommend' that has defaults for all but "
            f"{id_name}. Received: none for {', '.join(sorted(missing)) or 'k'}."
        )
    return defaults
