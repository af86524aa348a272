"""Items that score what the last places of an answer score, however many: any may stand there.

A golden request lists k items and some runners-up. Behind them there may be thousands more of the
same score, such as new items with one default vector, and in what order an artifact gives those is
up to the processor and to the order of its cells. `tied` of an answer says which they are, a bit
for each of the catalogue's ids in their order: the base64 of the zlib of the bits. The ids are
those of `ids` at the top of `golden_requests.json`, which has them only if an answer has ties.
"""

import base64
import bisect
import zlib
from typing import Any

import numpy as np

from export.artifact.documents import Answer, Call, Golden, Id, Request


def packed(chosen: np.ndarray) -> str:
    """`tied` of an answer; `chosen` is (items,) bool."""
    return base64.b64encode(zlib.compress(np.packbits(chosen).tobytes())).decode()


class Tied:
    """The ids that `packed` wrote down.

    Args:
        text: what it wrote.
        ids: the catalogue's, ascending.
    """

    def __init__(self, text: str, ids: list[Id]):
        self._bits = zlib.decompress(base64.b64decode(text))
        self._ids: list[Any] = ids

    def __contains__(self, raw: object) -> bool:
        place = bisect.bisect_left(self._ids, raw)
        if place == len(self._ids) or self._ids[place] != raw:
            return False
        return bool(self._bits[place // 8] >> (7 - place % 8) & 1)


def read_ties(golden: Golden) -> Golden:
    """Golden requests in which `tied` of each answer is something that ids are `in`."""

    def read(answer: Answer) -> Answer:
        if not isinstance(answer.tied, str):
            return answer
        if golden.ids is None:
            raise KeyError("ids")
        return answer.replaced(tied=Tied(answer.tied, golden.ids))

    def with_read(asked: Request | Call) -> Request | Call:
        answers = asked.answers
        return asked if answers is None else asked.replaced(answers=tuple(map(read, answers)))

    return golden.replaced(
        requests=tuple(map(with_read, golden.requests)), calls=tuple(map(with_read, golden.calls))
    )
