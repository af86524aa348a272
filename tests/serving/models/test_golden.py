"""Golden requests of a catalogue in which many items score the same."""

import base64
import json
import zlib

import numpy as np
import pytest

from serving.inference.tensor import Tensor
from serving.models.golden import GoldenError, check_golden
from serving.models.versions import VersionDirectory
from serving.protocol.errors import InputError

IDS = list(range(2, 60, 2))
TIED = [raw >= 40 for raw in IDS]


class Fixed:
    """Gives one answer."""

    def __init__(self, ids: list[int], scores: list[float]):
        self._ids, self._scores = np.array(ids), np.array(scores, np.float32)

    def run(self, signature_name: str, feeds: dict[str, Tensor]) -> dict[str, Tensor]:
        shape = (1, len(self._ids))
        return {"item_ids": Tensor(self._ids, shape), "scores": Tensor(self._scores, shape)}


@pytest.fixture
def check(tmp_path):
    """Whether an answer is taken where [2, 4, 6] is due, 6 with the score of all from 40 on."""
    directory = VersionDirectory("seqrec", 1, tmp_path)
    (tmp_path / "assets.extra").mkdir()
    bits = base64.b64encode(zlib.compress(np.packbits(TIED).tobytes())).decode()
    answer = {"ids": [2, 4, 6, 8], "scores": [9.0, 7.0, 5.0, 5.0], "tied": bits}
    requests = [{"name": "one", "histories": [[10]], "answers": [answer]}]

    def ask(ids, scores=(9.0, 7.0, 5.0), **changes) -> int:
        document = {"id_name": "item_ids", "id_type": "int64", "ids": IDS, "requests": requests}
        path = tmp_path / "assets.extra/golden_requests.json"
        path.write_text(json.dumps(document | changes))
        return check_golden(Fixed(ids, scores), directory)

    return ask


@pytest.mark.parametrize("last", [6, 8, 40, 58])
def test_any_of_the_tied_items_may_come_last(check, last):
    assert check([2, 4, last]) == 1


@pytest.mark.parametrize("ids", [[2, 4, 38], [2, 4, 41], [2, 4, 60], [40, 4, 6], [2, 58, 6]])
def test_others_and_other_places_are_errors(check, ids):
    with pytest.raises(GoldenError, match="place"):
        check(ids)


def test_what_is_tied_must_be_readable(check):
    answer = {"ids": [1], "scores": [1.0], "tied": "?"}
    with pytest.raises(InputError, match="expected golden requests"):
        check([1], requests=[{"name": "one", "histories": [[1]], "answers": [answer]}])
