"""Golden requests: the named cases, with answers that were worked out by hand."""

import json

import numpy as np
import pytest
from helpers.forms import LOWEST

from export.sources.golden import golden_histories
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError

WINDOW = 3
# Position in its catalogue: 11, 22, ... are rows 1, 2, ...
POPULAR = [99, 22, 44, 132, 11, 77, 110, 121, 33, 55, 66, 88]


@pytest.fixture(scope="module")
def requests(build) -> dict[str, dict]:
    golden = build.golden(build.successor_encoder(), build.catalogue("int64"), 4, "movie_ids")
    assert (golden.id_name, golden.k, golden.own_encoder) == ("movie_ids", 4, True)
    return {request["name"]: request for request in golden.to_json()["requests"]}


def test_the_named_cases(requests):
    lengths = {name: len(request["histories"][0]) for name, request in requests.items()}
    first_of_64 = lengths.pop("batch_of_64")
    assert lengths == {
        "empty": 0,
        "one_item": 1,
        "unknown_ids": 7,
        "only_unknown_ids": 3,
        "exactly_the_window": 3,
        "longer_than_the_window": 9,
        "duplicates": 6,
    }
    batch = [len(history) for history in requests["batch_of_64"]["histories"]]
    assert (len(batch), batch[0]) == (64, first_of_64)
    assert min(batch) < WINDOW < max(batch) < WINDOW + 20
    assert all(len(r["answers"]) == len(r["histories"]) for r in requests.values())


def test_unknown_ids_stand_first_in_the_middle_and_last(requests):
    (history,) = requests["unknown_ids"]["histories"]
    known = [0 < raw <= 132 and raw % 11 == 0 for raw in history]
    assert known == [False, True, True, False, False, True, False]


def test_duplicates_are_two_items_three_times(requests):
    (history,) = requests["duplicates"]["histories"]
    assert history == history[:2] * 3


@pytest.mark.parametrize("name", ["empty", "only_unknown_ids"])
def test_without_a_known_item_the_answer_is_the_popularity_order(requests, name):
    (answer,) = requests[name]["answers"]
    assert answer["ids"] == [*POPULAR, 0]  # 4 and all the runners-up there are
    assert answer["titles"] == [*(f"Title é {raw // 11}" for raw in POPULAR), ""]
    assert answer["scores"][:4] == np.float32([0.25, 0.2, 0.2, 0.125]).tolist()
    assert answer["scores"][-1] == LOWEST


def test_the_answer_after_one_item(requests):
    ((raw,),) = requests["one_item"]["histories"]
    row = raw // 11
    assert row < 12
    # The successor, then all others in their order; rows 5 and 6 score the same.
    ranked = [row + 1, *(other for other in range(1, 13) if other not in (row, row + 1))]
    assert requests["one_item"]["answers"][0]["ids"] == [*(11 * r for r in ranked), 0, 0]


def test_nothing_of_a_history_is_in_its_answer(requests):
    for request in requests.values():
        for history, answer in zip(request["histories"], request["answers"], strict=True):
            assert not set(history) - {0} & set(answer["ids"])


def test_answers_hold_k_items_and_sixteen_runners_up(build):
    catalogue = Catalogue(
        np.arange(1, 41), np.array(["t"] * 40, object), np.ones(40, np.int64), "item_ids"
    )
    golden = build.golden(build.random_encoder(0, items=40), catalogue, 4, "item_ids")
    sizes = {len(a.ids) for request in golden.requests for a in request.answers}
    assert sizes == {4 + 16}


@pytest.mark.parametrize(
    "ids",
    [
        np.array([5, 9, 2**31 - 1]),  # the LiteRT file takes int32: no larger stranger then
        np.array([5, 9, 2**40]),
        np.array([5, 9, 2**63 - 1]),
        np.array(["a", "b", "zz"], object),
    ],
)
def test_strange_ids_are_in_no_catalogue_and_fit_every_form(ids):
    catalogue = Catalogue(ids, ids.astype(str), np.ones(3, np.int64), "item_ids")
    (strange,) = golden_histories(catalogue, WINDOW, np.random.default_rng(0))["only_unknown_ids"]
    assert len(set(strange)) == 3 and not set(strange) & set(ids.tolist())
    if ids.dtype != object:
        assert strange[0] == 0 and strange[1] < 0
        assert min(strange) >= -(2**63) and max(strange) < 2**63
        assert max(ids) > 2**31 - 1 or max(strange) < 2**31
    else:
        assert strange[0] == ""


def test_requests_are_the_same_every_time_and_survive_json(build, requests):
    again = build.golden(build.successor_encoder(), build.catalogue("int64"), 4, "movie_ids")
    assert json.loads(json.dumps(again.to_json()))["requests"] == list(requests.values())


def test_an_encoder_that_diverged_is_refused(build):
    encoder = build.random_encoder(0)
    encoder.embedding.embeddings.assign(np.full((13, 8), np.nan))
    with pytest.raises(InputError, match="expected finite scores"):
        build.golden(encoder, build.catalogue("int64"), 4, "movie_ids")
