"""Golden requests: histories that have broken recommenders before, answered by the Keras model.

The answers are computed in NumPy from the Keras encoder's vectors, in none of the code that goes
into the exported graphs, so that a mistake there cannot hide in both.
"""

from collections.abc import Iterator

import numpy as np

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.models import Encoder

RUNNERS_UP = 16
WHOLE_CATALOGUE = 10_000  # items up to which more than all of them are asked for
LOWEST = np.finfo(np.float32).min


def golden_requests(
    encoder: Encoder, catalogue: Catalogue, k: int, id_name: str, seed: int = 0
) -> dict:
    """Requests with answers, as `golden_requests.json` holds them.

    Returns:
        `{"id_name", "id_type", "own_encoder", "dim", "text_separator", "k", "withheld",
        "requests": [{"name", "histories", "answers"}], "calls": [{"name", "signature", "inputs",
        "answers" or "outputs"}]}`; `withheld` are the ids that nobody is recommended.
        Requests are asked in every form that takes histories, calls of one signature. An answer
        has `ids`, `titles` and `scores`, best first: k entries and up to 16 runners-up, which
        tell an allowed swap of near-equal scores from a wrong item.

    Raises:
        InputError: the encoder's scores are not finite.
    """
    generator = np.random.default_rng(seed)
    histories = golden_histories(catalogue, encoder.window, generator)
    truth = _Truth(encoder, catalogue)
    return {
        "id_name": id_name,
        "id_type": "int64" if catalogue.ids.dtype == np.int64 else "string",
        "own_encoder": isinstance(encoder, Encoder),
        "dim": int(truth.table.shape[1]),
        "text_separator": catalogue.text_separator,
        "k": k,
        "withheld": catalogue.ids[catalogue.never()[1:]].tolist(),
        "requests": [
            {
                "name": name,
                "histories": batch,
                "answers": [truth.answer(truth.scores(h), truth.rows(h), k) for h in batch],
            }
            for name, batch in histories.items()
        ],
        "calls": [
            {"name": name, "signature": name.split(",")[0], "inputs": inputs, **expected}
            for name, inputs, expected in golden_calls(truth, k, id_name, generator)
        ],
    }


def golden_calls(
    truth: "_Truth", k: int, id_name: str, generator: np.random.Generator
) -> Iterator[tuple[str, dict, dict]]:
    """Requests to single signatures: name, inputs, and `answers` (rankings) or `outputs`."""
    ids = truth.catalogue.ids
    draw = lambda *shape: ids[generator.integers(0, len(ids), shape)].tolist()  # noqa: E731
    histories = draw(3, 7)
    excluded = [*draw(2), _strange_ids(truth.catalogue)[0]]
    hidden = truth.rows(excluded)
    fewer = max(1, k // 2)
    yield (
        "recommend, defaults",
        {id_name: histories},
        {"answers": [truth.answer(truth.scores(h), truth.rows(h), k) for h in histories]},
    )
    yield (
        "recommend, options",
        {id_name: histories, "k": fewer, "exclude_ids": excluded, "filter_seen": False},
        {"answers": [truth.answer(truth.scores(h), hidden, fewer) for h in histories]},
    )
    more = {id_name: histories, "k": len(ids) + 2, "exclude_ids": [], "filter_seen": True}
    if len(ids) <= WHOLE_CATALOGUE:
        whole = [truth.answer(truth.scores(h), truth.rows(h), len(ids) + 2) for h in histories]
        yield "recommend, more than there are", more, {"answers": whole}
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
    answers = [truth.answer(truth.cosines(raw), truth.rows([raw]), k) for raw in items]
    yield "similar", {id_name: items}, {"answers": answers}


def golden_histories(
    catalogue: Catalogue, window: int, generator: np.random.Generator
) -> dict[str, list[list]]:
    """Named batches of histories, each a list of raw ids."""

    def draw(length: int) -> list:
        return catalogue.ids[generator.integers(0, catalogue.size, length)].tolist()

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
        "batch_of_64": [draw(int(n)) for n in generator.integers(0, window + 20, 64)],
    }


def _strange_ids(catalogue: Catalogue) -> list:
    """Ids no catalogue has: padding, negatives, and one beyond the largest."""
    if catalogue.ids.dtype == np.int64:
        largest = int(catalogue.ids[-1])
        return [0, -7, largest + 1 if largest < 2**31 - 1 else 1 - largest]
    return ["", "\N{SNOWMAN}", f"{catalogue.ids[-1]}?"]


class _Truth:
    """The whole ranking policy once more, one history at a time."""

    def __init__(self, encoder: Encoder, catalogue: Catalogue):
        self.encoder, self.catalogue = encoder, catalogue
        self.table = np.asarray(encoder.item_table())
        self.row_of = {raw: row for row, raw in enumerate(catalogue.ids.tolist(), start=1)}

    def rows(self, ids: list) -> list[int]:
        return [self.row_of[raw] for raw in ids if raw in self.row_of]

    def vector(self, history: list) -> np.ndarray:
        """(dim,); zeros if nothing is known."""
        rows = self.rows(history)
        return np.asarray(self.encoder.encode(np.asarray([rows], np.int32).reshape(1, -1)))[0]

    def scores(self, history: list) -> np.ndarray:
        """Of every row."""
        if not self.rows(history):
            return self.catalogue.popularity()
        scores = self.table @ self.vector(history)
        if not np.isfinite(scores).all():
            raise InputError(
                f"the run's encoder: expected finite scores after {history[:5]}; the training "
                "diverged, so train anew with a lower --learning-rate. Received: NaN or infinity."
            )
        return scores

    def cosines(self, raw) -> np.ndarray:
        """Of every row to one item; popularity if it is unknown."""
        if raw not in self.row_of:
            return self.catalogue.popularity()
        norms = np.maximum(np.linalg.norm(self.table, axis=1), 1e-12)
        row = self.row_of[raw]
        return self.table @ self.table[row] / (norms * norms[row])

    def candidate_scores(self, history: list, candidates: list) -> list[float]:
        scores = self.scores(history)
        rows = [self.row_of.get(raw, 0) for raw in candidates]
        return [float(scores[row]) if row else float(LOWEST) for row in rows]

    def answer(self, scores: np.ndarray, hidden: list[int], k: int) -> dict[str, list]:
        """Ids, titles and scores, best first, without the hidden rows; k and runners-up."""
        scores = scores.copy()
        scores[hidden] = LOWEST
        scores[self.catalogue.never()] = LOWEST
        order = np.argsort(-scores, kind="stable")[: k + RUNNERS_UP]
        left = order[scores[order] > LOWEST]
        padding = 0 if self.catalogue.ids.dtype == np.int64 else ""
        missing = max(len(order), k) - len(left)
        return {
            "ids": [*self.catalogue.ids[left - 1].tolist(), *[padding] * missing],
            "titles": [*self.catalogue.titles[left - 1].tolist(), *[""] * missing],
            "scores": [*scores[left].tolist(), *[float(LOWEST)] * missing],
        }
