"""Golden requests: histories that have broken recommenders before, answered by the Keras model.

The answers are computed in NumPy from the Keras encoder's vectors, in none of the code that goes
into the exported graphs, so that a mistake there cannot hide in both.

`golden_requests.json` holds `{"id_name", "id_type", "own_encoder", "dim", "text_separator", "k",
"categories", "repeats", "withheld", "requests": [{"name", "histories", "answers"}], "calls":
[{"name", "signature", "inputs", "answers" or "outputs"}], "ids" (if there are ties)}`; `repeats`
says whether seen items are recommended where a request does not, `withheld` are the ids that nobody
is recommended. Requests are asked in every form that takes histories, calls of one signature. An
answer has `ids`, `titles` and `scores`, best first: k entries and up to 16 runners-up, which tell
an allowed swap of near-equal scores from a wrong item, and `tied` where more items than those score
what the k-th does (`export.proof.ties`).
"""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from export.proof.exact import TOLERANCE, scale
from export.proof.ties import packed
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.models import Encoder

RUNNERS_UP = 16
MOST_BETTER = 1000  # of cells that a rounding may open, listed for an answer
WHOLE_CATALOGUE = 10_000  # items up to which more than all of them are asked for
MOST_SCORES = 32_000_000  # of the largest batch: it shrinks for catalogues over 500,000 items
LOWEST = np.finfo(np.float32).min


def golden_requests(
    encoder: Encoder,
    catalogue: Catalogue,
    index,
    k: int,
    id_name: str,
    seed: int = 0,
    repeats: bool = False,
) -> dict:
    """Requests with answers, as `golden_requests.json` holds them.

    Args:
        encoder: what the answers are computed with.
        catalogue: its items.
        index: where an artifact finds items: the vectors it rates them by, and which it rates.
        k: items recommended.
        id_name: name of the id inputs.
        seed: of the ids that are drawn.
        repeats: whether seen items are recommended.

    Returns:
        The content of `golden_requests.json`; see the module.

    Raises:
        InputError: the encoder's scores are not finite.
    """
    generator = np.random.default_rng(seed)
    histories = golden_histories(catalogue, encoder.window, generator)
    truth = _Truth(encoder, catalogue, index, repeats)
    truth.encode_together(max(histories.values(), key=len))
    golden = {
        "id_name": id_name,
        "id_type": "int64" if catalogue.ids.dtype == np.int64 else "string",
        "own_encoder": isinstance(encoder, Encoder),
        "dim": int(truth.table.shape[1]),
        "text_separator": catalogue.text_separator,
        "k": k,
        "categories": catalogue.categories is not None,
        "repeats": repeats,
        "withheld": catalogue.ids[catalogue.never()[1:]].tolist(),
        "requests": [
            {
                "name": name,
                "histories": batch,
                "answers": [truth.recommended(h, truth.seen(h), k) for h in batch],
            }
            for name, batch in histories.items()
        ],
        "calls": [
            {"name": name, "signature": name.split(",")[0], "inputs": inputs, **expected}
            for name, inputs, expected in golden_calls(truth, k, id_name, generator)
        ],
    }
    return golden | {"ids": catalogue.ids.tolist()} if truth.has_ties else golden


def golden_calls(
    truth: "_Truth", k: int, id_name: str, generator: np.random.Generator
) -> Iterator[tuple[str, dict, dict]]:
    """Requests to single signatures: name, inputs, and `answers` (rankings) or `outputs`."""
    ids = truth.catalogue.ids
    draw = lambda *shape: ids[generator.integers(0, len(ids), shape)].tolist()  # noqa: E731
    histories = draw(3, 7)
    for name, options, hidden in _options(truth, k, draw(2)):
        filtered = options.get("filter_seen")
        answers = [
            truth.recommended(h, [*hidden, *truth.seen(h, filtered)], options.get("k", k))
            for h in histories
        ]
        yield f"recommend, {name}", {id_name: histories, **options}, {"answers": answers}
    padding, *unknown = _strange_ids(truth.catalogue)
    candidates = [[*draw(4), unknown[0]] for _ in histories]
    scores = [truth.candidate_scores(*pair) for pair in zip(histories, candidates, strict=True)]
    yield (
        "score",
        {id_name: histories, "candidate_ids": candidates},
        {"outputs": {"scores": scores}},
    )
    cold = [*histories, [padding] * 7]
    vectors = [truth.vector(history).tolist() for history in cold]
    yield "encode", {id_name: cold}, {"outputs": {"embedding": vectors}}
    items = [*draw(2), unknown[0]]
    yield "similar", {id_name: items}, {"answers": [truth.similar(raw, k) for raw in items]}


def _options(truth: "_Truth", k: int, drawn: list) -> Iterator[tuple[str, dict, list[int]]]:
    """Options of `recommend`: name, inputs (others take their defaults), rows that they hide."""
    catalogue = truth.catalogue
    excluded = [*drawn, _strange_ids(catalogue)[0]]
    yield "defaults", {}, []
    # What is not the default, so that each of the two is asked for.
    options = {"k": max(1, k // 2), "exclude_ids": excluded, "filter_seen": truth.repeats}
    yield "options", options, truth.rows(excluded)
    if catalogue.size <= WHOLE_CATALOGUE:
        yield "more than there are", {"k": catalogue.size + 2, "exclude_ids": []}, []
    if catalogue.categories is not None:
        members = catalogue.category_members()
        chosen = sorted(members, key=lambda name: -len(members[name]))[1:3]
        kept = np.concatenate([[0], *(members[name] for name in chosen)])
        others = np.setdiff1d(np.arange(catalogue.size + 1), kept).tolist()
        yield "categories", {"categories": [*chosen, "no such category"]}, others


def golden_histories(
    catalogue: Catalogue, window: int, generator: np.random.Generator
) -> dict[str, list[list]]:
    """Named batches of histories, each a list of raw ids."""

    def draw(length: int) -> list:
        return catalogue.ids[generator.integers(0, catalogue.size, length)].tolist()

    batch = max(2, min(64, MOST_SCORES // catalogue.size))
    strange = _strange_ids(catalogue)
    unknown_between = [strange[0], *draw(2), *strange[1:], *draw(1), strange[0]]
    return {
        "empty": [[]],
        "one_item": [draw(1)],
        "unknown_ids": [unknown_between],
        "only_unknown_ids": [strange],
        "exactly_the_window": [draw(window)],
        "longer_than_the_window": [draw(2 * window + 3)],
        "duplicates": [draw(2) * 3],
        f"batch_of_{batch}": [draw(int(n)) for n in generator.integers(0, window + 20, batch)],
    }


def _strange_ids(catalogue: Catalogue) -> list:
    """Ids no catalogue has: padding, negatives, and one beyond the largest."""
    if catalogue.ids.dtype == np.int64:
        largest = int(catalogue.ids[-1])
        return [0, -7, largest + 1 if largest < 2**31 - 1 else 1 - largest]
    return ["", "\N{SNOWMAN}", f"{catalogue.ids[-1]}?"]


class _Truth:
    """The whole ranking policy once more, one history at a time."""

    def __init__(self, encoder: Encoder, catalogue: Catalogue, index, repeats: bool):
        self.encoder, self.catalogue, self.index = encoder, catalogue, index
        self.repeats = repeats
        self.table = index.dense()
        self.never = catalogue.never()
        self.known_vectors = {}
        self.has_ties = False

    def encode_together(self, batch: list[list]) -> None:
        """Ask the encoder for a batch, which takes a fraction of the time of one by one."""
        rows = [self.rows(history) for history in batch]
        vectors = np.asarray(self.encoder.encode(tf.ragged.constant(rows, tf.int32)))
        self.known_vectors = {tuple(r): v for r, v in zip(rows, vectors, strict=True)}

    def rows(self, ids: list) -> list[int]:
        return [row for row in map(self.row_of, ids) if row]

    def seen(self, ids: list, filtered: bool | None = None) -> list[int]:
        """Rows of a history that are hidden; `filtered` is what a request says of it."""
        hides = not self.repeats if filtered is None else filtered
        return self.rows(ids) if hides else []

    def row_of(self, raw) -> int:
        """The row of an id; 0 if it is unknown."""
        ids = self.catalogue.ids
        place = int(np.searchsorted(ids, raw))
        return place + 1 if place < len(ids) and ids[place] == raw else 0

    def vector(self, history: list) -> np.ndarray:
        """(dim,); zeros if nothing is known."""
        rows = self.rows(history)
        if tuple(rows) in self.known_vectors:
            return self.known_vectors[tuple(rows)]
        return np.asarray(self.encoder.encode(np.asarray([rows], np.int32).reshape(1, -1)))[0]

    def recommended(self, history: list, hidden: list[int], k: int) -> dict[str, list]:
        """The answer to a history without the hidden rows."""
        vector = self.vector(history) if self.rows(history) else None
        return self._answer(self._scores(vector, history), vector, hidden, k)

    def similar(self, raw, k: int) -> dict[str, list]:
        """The answer for one item by the cosine; by popularity if it is unknown."""
        row = self.row_of(raw)
        if not row:
            return self._answer(self.catalogue.popularity(), None, [], k)
        norms = np.maximum(np.sqrt(np.einsum("ij,ij->i", self.table, self.table)), 1e-12)
        scores = self.table @ self.table[row] / (norms * norms[row])
        return self._answer(scores, self.table[row], [row], k)

    def candidate_scores(self, history: list, candidates: list) -> list[float]:
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

    def _answer(self, scores, vector, hidden: list[int], k: int) -> dict[str, list]:
        """Ids, titles and scores, best first, without the hidden rows; k and runners-up."""
        scores = np.where(self.never, LOWEST, scores)
        scores[hidden] = LOWEST
        rated = np.where(self.index.visible(vector), scores, LOWEST)
        order = np.argsort(-rated, kind="stable")[: k + RUNNERS_UP]
        left = order[rated[order] > LOWEST]
        missing = max(len(order), k) - len(left)
        answer = {
            "ids": [*self.catalogue.ids[left - 1].tolist(), *[self.catalogue.padding] * missing],
            "titles": [*self.catalogue.titles[left - 1].tolist(), *[""] * missing],
            "scores": [*rated[left].tolist(), *[float(LOWEST)] * missing],
        }
        return self._with_ties(answer, scores, vector, left, k) if len(left) >= k else answer

    def _with_ties(self, answer: dict, scores, vector, left: np.ndarray, k: int) -> dict:
        """The answer with what may stand in it although it is not listed, if there is any.

        Beside what scores as the k-th does, that is what a rounding of the cells' nearness brings
        in; of those the better ones are listed with their scores.
        """
        cut = scores[left[k - 1]]
        allowed = TOLERANCE * scale(scores[left[:k]])
        others = np.where(self.index.visible(vector, TOLERANCE), scores, LOWEST)
        others[left] = LOWEST
        better = np.flatnonzero(others > cut + allowed)[:MOST_BETTER]
        if len(better):
            answer["ids"] += self.catalogue.ids[better - 1].tolist()
            answer["titles"] += self.catalogue.titles[better - 1].tolist()
            answer["scores"] += scores[better].tolist()
        tied = (np.abs(others - cut) <= allowed) & (others > LOWEST)
        if tied.any():
            answer["tied"] = packed(tied[1:])
            self.has_ties = True
        return answer
