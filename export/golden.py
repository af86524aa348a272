"""Golden requests: histories that have broken recommenders before, answered by the Keras model.

The answers are computed in NumPy from the Keras encoder's vectors, in none of the code that goes
into the exported graphs, so that a mistake there cannot hide in both.
"""

import numpy as np

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.models import Encoder

RUNNERS_UP = 16
LOWEST = np.finfo(np.float32).min


def golden_requests(
    encoder: Encoder, catalogue: Catalogue, k: int, id_name: str, seed: int = 0
) -> dict:
    """Requests with answers, as `golden_requests.json` holds them.

    Returns:
        `{"id_name", "text_separator", "k", "requests": [{"name", "histories", "answers"}]}`; an
        answer has `ids`, `titles` and `scores`, best first: k entries and up to 16 runners-up,
        which tell an allowed swap of near-equal scores from a wrong item.

    Raises:
        InputError: the encoder's scores are not finite.
    """
    histories = golden_histories(catalogue, encoder.window, np.random.default_rng(seed))
    return {
        "id_name": id_name,
        "text_separator": catalogue.text_separator,
        "k": k,
        "requests": [
            {
                "name": name,
                "histories": batch,
                "answers": [_answer(encoder, catalogue, k, history) for history in batch],
            }
            for name, batch in histories.items()
        ],
    }


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


def _answer(encoder: Encoder, catalogue: Catalogue, k: int, history: list) -> dict[str, list]:
    """The whole ranking policy once more, one history at a time."""
    row_of = {raw: row for row, raw in enumerate(catalogue.ids.tolist(), start=1)}
    rows = [row_of[raw] for raw in history if raw in row_of]
    if rows:
        vector = np.asarray(encoder.encode(np.asarray([rows], np.int32)))[0]
        scores = np.asarray(encoder.item_table()) @ vector
        if not np.isfinite(scores).all():
            raise InputError(
                f"the run's encoder: expected finite scores after {history[:5]}; the training "
                "diverged, so train anew with a lower --learning-rate. Received: NaN or infinity."
            )
    else:
        scores = catalogue.popularity()
    scores[[0, *rows]] = LOWEST
    order = np.argsort(-scores, kind="stable")[: k + RUNNERS_UP]
    left = order[scores[order] > LOWEST]
    padding = 0 if catalogue.ids.dtype == np.int64 else ""
    missing = len(order) - len(left)
    return {
        "ids": [*catalogue.ids[left - 1].tolist(), *[padding] * missing],
        "titles": [*catalogue.titles[left - 1].tolist(), *[""] * missing],
        "scores": [*scores[left].tolist(), *[float(LOWEST)] * missing],
    }
