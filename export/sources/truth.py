"""The whole ranking policy once more, in NumPy: what an artifact must answer.

It shares no code with the exported graphs, so that a mistake there cannot hide in both.
"""

import numpy as np
import tensorflow as tf

from export.artifact.documents import Answer, Id
from export.graph.encoder import reads_times
from export.graph.index import Index
from export.proof.exact import TOLERANCE, scale
from export.proof.ties import packed
from export.sources.subject import Subject
from seqrec_tf.errors import InputError

RUNNERS_UP = 16
MOST_BETTER = 1000  # of cells that a rounding may open, listed for an answer
LOWEST = np.finfo(np.float32).min


class Truth:
    """Answers to one history at a time.

    Args:
        subject: whose answers.
        index: where an artifact finds items: the vectors it rates them by, and which it rates.

    Attributes:
        has_ties: whether an answer so far has.
    """

    def __init__(self, subject: Subject, index: Index):
        self.encoder, self.catalogue, self.index = subject.encoder, subject.catalogue, index
        self.repeats, self.reads_times = subject.repeats, reads_times(subject.encoder)
        self.table = index.dense()
        self.never = self.catalogue.never()
        self.known_vectors: dict[tuple, np.ndarray] = {}
        self.has_ties = False

    def encode_together(self, batch: list[list]) -> None:
        """Ask the encoder for a batch, which takes a fraction of the time of one by one."""
        rows = [self.rows(history) for history in batch]
        vectors = self._encoded(rows, [self.times(history) for history in batch])
        self.known_vectors = {tuple(r): v for r, v in zip(rows, vectors, strict=True)}

    def _encoded(self, rows: list[list[int]], times: list[list[int]]) -> np.ndarray:
        """Vectors of histories, (batch, dim)."""
        asked = [tf.ragged.constant(rows, tf.int32, ragged_rank=1)]
        if self.reads_times:
            asked.append(tf.ragged.constant(times, tf.int64))
        return np.asarray(self.encoder.encode(*asked))

    def times(self, ids: list, timestamps: list[int] | None = None, now: int = 0) -> list[int]:
        """When each known id was, and then when the request is; 0 is unknown.

        Args:
            ids: of a history.
            timestamps: of each; all are unknown if there are more or fewer.
            now: when the request is.
        """
        if timestamps is None or len(timestamps) != len(ids):
            timestamps = [0] * len(ids)
        return [t for t, raw in zip(timestamps, ids, strict=True) if self.row_of(raw)] + [now]

    def rows(self, ids: list) -> list[int]:
        """Those of the ids that are known."""
        return [row for row in map(self.row_of, ids) if row]

    def seen(self, ids: list, filtered: bool | None = None) -> list[int]:
        """Rows of a history that are hidden; `filtered` is what a request says of it."""
        hides = not self.repeats if filtered is None else filtered
        return self.rows(ids) if hides else []

    def row_of(self, raw: Id) -> int:
        """The row of an id; 0 if it is unknown."""
        ids = self.catalogue.ids
        place = int(np.searchsorted(ids, raw))
        return place + 1 if place < len(ids) and ids[place] == raw else 0

    def vector(self, history: list, times: list[int] | None = None) -> np.ndarray:
        """(dim,); zeros if nothing is known. `times` as the method of this name has them."""
        rows = self.rows(history)
        if times is None and tuple(rows) in self.known_vectors:
            return self.known_vectors[tuple(rows)]
        return self._encoded([rows], [self.times(history) if times is None else times])[0]

    def recommended(
        self, history: list, hidden: list[int], k: int, times: list[int] | None = None
    ) -> Answer:
        """The answer to a history without the hidden rows; `times` as in `vector`."""
        vector = self.vector(history, times) if self.rows(history) else None
        return self._answer(self._scores(vector, history), vector, hidden, k)

    def similar(self, raw: Id, k: int) -> Answer:
        """The answer for one item by the cosine; by popularity if it is unknown."""
        row = self.row_of(raw)
        if not row:
            return self._answer(self.catalogue.popularity(), None, [], k)
        norms = np.maximum(np.sqrt(np.einsum("ij,ij->i", self.table, self.table)), 1e-12)
        scores = self.table @ self.table[row] / (norms * norms[row])
        return self._answer(scores, self.table[row], [row], k)

    def candidate_scores(self, history: list, candidates: list) -> list[float]:
        """The score of each candidate, seen or not; unknown ones have the lowest finite float."""
        vector = self.vector(history) if self.rows(history) else None
        scores = self._scores(vector, history)
        rows = map(self.row_of, candidates)
        return [float(scores[row]) if row else float(LOWEST) for row in rows]

    def _scores(self, vector: np.ndarray | None, history: list) -> np.ndarray:
        """Of every row."""
        if vector is None:
            return self.catalogue.popularity()
        scores = self.table @ vector
        if not np.isfinite(scores).all():
            raise InputError(
                f"the run's encoder: expected finite scores after {history[:5]}; the training "
                "diverged, so train anew with a lower --learning-rate. Received: NaN or infinity."
            )
        return scores

    def _answer(
        self, scores: np.ndarray, vector: np.ndarray | None, hidden: list[int], k: int
    ) -> Answer:
        """The best without the hidden rows; k and runners-up."""
        scores = np.where(self.never, LOWEST, scores)
        scores[hidden] = LOWEST
        rated = np.where(self.index.visible(vector), scores, LOWEST)
        order = np.argsort(-rated, kind="stable")[: k + RUNNERS_UP]
        left = order[rated[order] > LOWEST]
        missing = max(len(order), k) - len(left)
        answer = Answer(
            ids=[*self.catalogue.ids[left - 1].tolist(), *[self.catalogue.padding] * missing],
            titles=[*self.catalogue.titles[left - 1].tolist(), *[""] * missing],
            scores=[*rated[left].tolist(), *[float(LOWEST)] * missing],
        )
        return self._with_ties(answer, scores, vector, left, k) if len(left) >= k else answer

    def _with_ties(
        self,
        answer: Answer,
        scores: np.ndarray,
        vector: np.ndarray | None,
        left: np.ndarray,
        k: int,
    ) -> Answer:
        """The answer with what may stand in it although it is not listed, if there is any.

        Beside what scores as the k-th does, that is what a rounding of the cells' nearness brings
        in; of those the better ones are listed with their scores.
        """
        cut = scores[left[k - 1]]
        allowed = TOLERANCE * scale(scores[left[:k]])
        others = np.where(self.index.visible(vector, TOLERANCE), scores, LOWEST)
        others[left] = LOWEST
        better = np.flatnonzero(others > cut + allowed)[:MOST_BETTER]
        answer = Answer(
            ids=answer.ids + self.catalogue.ids[better - 1].tolist(),
            titles=answer.titles + self.catalogue.titles[better - 1].tolist(),
            scores=answer.scores + scores[better].tolist(),
        )
        tied = (np.abs(others - cut) <= allowed) & (others > LOWEST)
        if not tied.any():
            return answer
        self.has_ties = True
        return answer.replaced(tied=packed(tied[1:]))
