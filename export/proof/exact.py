"""Whether two answers agree: scores to a tolerance, ids in order but for near-equal scores."""

import numpy as np

from export.artifact.documents import Answer, Id

# Of a row's largest score; float32 sums in another order differ by about 1e-6 of it.
TOLERANCE = 1e-4
COSINE = 1e-2  # scores of less than this are rounding, where they are cosines


def differences(
    expected: Answer, ids: list[Id], scores: list[float], least: float = 0.0
) -> list[str]:
    """What is wrong with one answer, in words; empty if it agrees.

    An item may stand elsewhere than expected if its score and that of the item expected there
    differ by less than the tolerance.

    Args:
        expected: with runners-up beyond k, and `tied` as `export.proof.ties.read_ties` has it.
        ids: the answer's k ids.
        scores: the answer's k scores.
        least: the tolerance is of this, where the row's largest score is smaller.
    """
    k = len(ids)
    wanted = np.asarray(expected.scores[:k], np.float64)
    allowed = TOLERANCE * max(scale(wanted), least)
    found = []
    for place, score in enumerate(scores):
        if not abs(score - wanted[place]) <= allowed:
            found.append(f"place {place + 1}: expected score {wanted[place]}, got {score}")
    score_of = dict(zip(expected.ids, expected.scores, strict=True))
    tied = expected.tied or ()
    for place, raw in enumerate(ids):
        right, behind = expected.ids[place], wanted[-1] if raw in tied else np.inf
        if raw != right and not abs(score_of.get(raw, behind) - wanted[place]) <= allowed:
            found.append(f"place {place + 1}: expected id {right!r}, got {raw!r}")
    return found + repeated(ids)


def array_differences(expected: list, received: list) -> list[str]:
    """What is wrong with numbers that have no order, such as vectors; empty if they agree."""
    wanted, found = np.asarray(expected, np.float64), np.asarray(received, np.float64)
    if wanted.shape != found.shape:
        return [f"expected shape {wanted.shape}, got {found.shape}"]
    wrong = ~(np.abs(wanted - found) <= TOLERANCE * scale(wanted))
    return [
        f"at {tuple(map(int, place))}: expected {wanted[tuple(place)]}, got {found[tuple(place)]}"
        for place in np.argwhere(wrong)
    ]


def largest_difference(expected: list[float], scores: list[float], least: float = 0.0) -> float:
    """The largest score difference of one answer, of the row's largest score or of `least`."""
    wanted = np.asarray(expected[: len(scores)], np.float64)
    real = wanted > np.finfo(np.float32).min
    return float(
        np.max(np.abs(np.asarray(scores) - wanted)[real], initial=0) / max(scale(wanted), least)
    )


def scale(scores: np.ndarray) -> float:
    """The largest of a row's scores, by magnitude; fillers do not count."""
    real = scores[scores > np.finfo(np.float32).min]
    return float(np.abs(real).max(initial=1e-30))


def repeated(ids: list) -> list[str]:
    """Whether an id stands twice among them, in words."""
    real = [raw for raw in ids if raw not in (0, "")]
    return ["an id is recommended twice"] if len(set(real)) < len(real) else []
