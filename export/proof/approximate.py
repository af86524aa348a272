"""Judge a quantised file: the policies hold exactly, the numbers as far as its mode promises."""

import numpy as np

from export.artifact.documents import Answer, Id
from export.litert.modes import Mode
from export.litert.runner import FILLERS
from export.proof.exact import TOLERANCE, differences, repeated, scale

LOWEST = float(np.finfo(np.float32).min)


class ApproximateJudge:
    """Called with one answer after the other; `failures` then judges all of them together.

    Args:
        mode: what is promised.
        recommendable: ids that may be recommended to somebody.
        known: ids that count in a history.
        repeats: whether those of the history may be recommended.
    """

    def __init__(self, mode: Mode, recommendable: set, known: set, repeats: bool = False):
        self.mode, self._recommendable, self._known = mode, recommendable, known
        self._repeats = repeats
        self._wanted, self._found = 0, 0

    @property
    def agreement(self) -> float:
        """The share of what float32 recommends that was recommended; without cold starts.

        What float32 gives the score of the last one counts as recommended by it.
        """
        return self._found / self._wanted if self._wanted else 1.0

    def __call__(
        self, history: list[Id], expected: Answer, ids: list[Id], scores: list[float]
    ) -> list[str]:
        """What is wrong with an answer to `history`, in words."""
        seen = self._known.intersection(history)
        if not seen:
            return differences(expected, ids, scores)
        wanted = [raw for raw in expected.ids[: len(ids)] if raw not in FILLERS]
        self._wanted += len(wanted)
        alike = _alike(expected, len(wanted))
        self._found += sum(raw in alike or raw in (expected.tied or ()) for raw in ids)
        allowed = self._recommendable if self._repeats else self._recommendable - seen
        return [*_policy_failures(allowed, len(wanted), ids, scores), *self._far(expected, scores)]

    def failures(self) -> list[str]:
        """Whether the answers together agree too little."""
        if self.agreement >= self.mode.agreement:
            return []
        return [
            f"expected at least {self.mode.agreement:.0%} of float32's recommendations, "
            f"got {self.agreement:.1%}"
        ]

    def _far(self, expected: Answer, scores: list[float]) -> list[str]:
        wanted = np.asarray(expected.scores[: len(scores)], np.float64)
        near = np.abs(np.asarray(scores) - wanted) <= self.mode.tolerance * scale(wanted)
        return [
            f"place {place + 1}: expected score {wanted[place]} within "
            f"{self.mode.tolerance:.0%} of the largest, got {scores[place]}"
            for place in np.flatnonzero(~near)
        ]


def _alike(expected: Answer, count: int) -> set:
    """The first ids that are expected, and those listed behind them with the score of the last."""
    scores = np.asarray(expected.scores, np.float64)
    if not count:
        return set()
    near = scores >= scores[count - 1] - TOLERANCE * scale(scores[:count])
    return {raw for raw, alike in zip(expected.ids, near, strict=True) if alike}


def _policy_failures(allowed: set, real: int, ids: list, scores: list) -> list[str]:
    """Nothing but what is allowed, fillers behind `real` items, nothing twice, best first."""
    found = [
        f"place {place}: {raw!r} may not be recommended"
        for place, raw in enumerate(ids[:real], start=1)
        if raw not in allowed
    ]
    found += [
        f"place {place}: expected a filler, got {raw!r} with score {score}"
        for place, (raw, score) in enumerate(zip(ids, scores, strict=True), start=1)
        if place > real and (raw not in FILLERS or score != LOWEST)
    ]
    if any(later > earlier for earlier, later in zip(scores, scores[1:], strict=False)):
        found.append("scores do not descend")
    return found + repeated(ids)
