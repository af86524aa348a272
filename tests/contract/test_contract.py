"""The one contract: whatever form an encoder ships in, it answers the same and by the rules."""

import json
import shutil

import numpy as np
import pytest
import requests
from helpers.forms import FORMS, LOWEST

from export.artifact.documents import Answer
from export.proof.exact import differences
from serving.models.golden import check_golden
from serving.models.loaded_model import LoadedModel
from serving.models.versions import VersionDirectory
from serving.protocol.errors import InputError

SHIPPED_FORMS = [*FORMS, "litert", "REST rows", "REST columns", "REST text", "REST classify"]


def walks(circle: list, lengths: list[int]) -> tuple[list[list], list]:
    """Histories that start everywhere on the circle, and the items that come next."""
    histories, following = [], []
    for start in range(len(circle)):
        length = lengths[start % len(lengths)]
        histories.append([circle[(start + step) % len(circle)] for step in range(length)])
        following.append(circle[(start + length) % len(circle)])
    return histories, following


@pytest.fixture(params=SHIPPED_FORMS)
def ask(request, served_forms):
    """One of the forms that take raw ids."""
    return served_forms[request.param]


def test_every_form_is_tested(served_forms):
    assert list(served_forms) == SHIPPED_FORMS


def test_keras_knows_the_next_item(shipped, keras_form):
    histories, following = walks(shipped.circle, [2, 5, 8])
    first = [ids[0] for ids, _ in keras_form(histories)]
    assert np.mean([a == b for a, b in zip(first, following, strict=True)]) > 0.95


def test_next_item_comes_first(shipped, ask):
    histories, following = walks(shipped.circle, [2, 5, 8, 12])
    first = [ids[0] for ids, _ in ask(histories)]
    assert np.mean([a == b for a, b in zip(first, following, strict=True)]) > 0.95


def test_scores_are_the_encoders(shipped, ask, keras_form):
    histories, _ = walks(shipped.circle, [1, 4, 9])
    for (ids, scores), (wanted_ids, wanted) in zip(
        ask(histories), keras_form(histories), strict=True
    ):
        np.testing.assert_allclose(scores, wanted, rtol=1e-4, atol=1e-4)
        assert ids[0] == wanted_ids[0]


def test_golden_requests_are_answered(shipped, ask):
    for request in shipped.golden()["requests"]:
        if request["name"] == "empty":
            continue  # a REST row of length 0 has no shape; asked below
        for expected, (ids, scores) in zip(
            request["answers"], ask(request["histories"]), strict=True
        ):
            assert differences(Answer.of(expected), ids, scores) == [], request["name"]


def test_unknown_ids_change_nothing(shipped, ask):
    history = shipped.circle[3:7]
    strange = ["?", ""] if isinstance(history[0], str) else [99999, 0]
    mixed = [strange[0], *history[:2], *strange, *history[2:], strange[1]]
    (plain,), (unknown,) = ask([history]), ask([mixed])
    assert plain[0] == unknown[0]
    np.testing.assert_allclose(plain[1], unknown[1], rtol=1e-5)


def test_seen_items_are_never_recommended(shipped, ask):
    histories, _ = walks(shipped.circle, [12, 20, 27])  # longer than the window of 8
    for history, (ids, _) in zip(histories, ask(histories), strict=True):
        assert not set(history) & set(ids)


def test_nothing_left_is_filled_up(shipped, ask):
    ((ids, scores),) = ask([shipped.circle[:28]])
    padding = "" if isinstance(ids[0], str) else 0
    assert set(ids[:2]) == set(shipped.circle[28:])
    assert ids[2:] == [padding] * 3
    assert np.float32(scores[2:]).tolist() == [LOWEST] * 3


def test_cold_start_is_popularity(shipped, ask):
    strange = "?" if isinstance(shipped.circle[0], str) else 99999
    ((ids, scores),) = ask([[strange]])
    popular = next(r for r in shipped.golden()["requests"] if r["name"] == "only_unknown_ids")
    assert ids == popular["answers"][0]["ids"][:5]
    assert scores == sorted(scores, reverse=True)


def test_one_mistaken_request_is_a_clear_400(shipped):
    response = requests.post(f"{shipped.url}:predict", json={"instances": [["x", 1]]}, timeout=30)
    assert response.status_code == 400
    assert response.json()["error"]


def test_a_server_asks_the_golden_requests_before_it_is_ready(shipped, tmp_path):
    folder = shutil.copytree(shipped.savedmodel, tmp_path / "1")
    directory = VersionDirectory("seqrec", 1, folder)
    model = LoadedModel(directory)
    assert check_golden(model, directory) == 8
    golden = shipped.golden()
    golden["requests"][1]["answers"][0]["scores"][0] += 1
    (folder / "assets.extra/golden_requests.json").write_text(json.dumps(golden))
    with pytest.raises(InputError, match="one_item, history 0, place 1: expected .* Received: "):
        check_golden(model, directory)
    (folder / "assets.extra/golden_requests.json").write_text("[]")
    with pytest.raises(InputError, match="expected golden requests. Received: "):
        check_golden(model, directory)
    (folder / "assets.extra/golden_requests.json").unlink()
    assert check_golden(model, directory) == 0


def test_titles_come_with_the_ids(shipped):
    """Without a titles file an item's id is its title."""
    body = {"signature_name": "text", "instances": [str(shipped.circle[0])]}
    answer = requests.post(f"{shipped.url}:predict", json=body, timeout=30).json()
    (row,) = answer["predictions"]
    assert row["titles"] == [str(raw) for raw in row[shipped.id_name]]
