"""The signatures beyond plain recommendation: options, re-ranking, vectors, more like this.

After row i the successor encoder scores row i + 1 with 100 and row j with -j (conftest).
"""

import numpy as np
import pytest
import tensorflow as tf
from helpers.forms import LOWEST

from export.proof.runner import signature_caller


@pytest.fixture(scope="module", params=["int64", "string"])
def exported(request, saved):
    return saved[request.param]


@pytest.fixture(scope="module")
def ask(exported):
    """Ask a signature in rows; inputs that are left out take their defaults, as over gRPC."""

    def to_raw(value):
        return [to_raw(v) for v in value] if isinstance(value, list) else exported.raw(value)

    def ask(signature: str, histories: list, **options) -> dict:
        for name in ("exclude_ids", "candidate_ids"):
            if name in options:
                options[name] = to_raw(options[name])
        outputs = call(signature, {exported.id_name: to_raw(histories), **options})
        if exported.id_name in outputs:
            answered = outputs.pop(exported.id_name)
            outputs["rows"] = [[exported.row(raw) for raw in ids] for ids in answered]
        return outputs

    with signature_caller(exported.folder) as call:
        yield ask


def test_left_out_options_take_the_defaults_of_the_export(ask):
    answer = ask("recommend", [[2, 8]])
    assert answer["rows"] == [[9, 1, 3, 4]]
    assert answer["scores"] == [[100, -1, -3, -4]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"k": 2}, [9, 1]),
        ({"exclude_ids": [9, 3, 99, 0]}, [1, 4, 5, 6]),
        ({"exclude_ids": [], "k": 1}, [9]),
        ({"filter_seen": False}, [9, 1, 2, 3]),
        ({"filter_seen": False, "exclude_ids": [2], "k": 3}, [9, 1, 3]),
        ({"exclude_ids": list(range(1, 12))}, [12, 0, 0, 0]),
    ],
)
def test_options_of_a_request(ask, options, expected):
    assert ask("recommend", [[2, 8]], **options)["rows"] == [expected]


def test_more_than_there_are_are_fillers(ask):
    answer = ask("recommend", [[2, 8], [0, 0]], k=15)
    assert answer["rows"][0] == [9, 1, 3, 4, 5, 6, 7, 10, 11, 12, 0, 0, 0, 0, 0]
    assert answer["rows"][1][:4] == [9, 2, 4, 12]  # by popularity
    assert answer["scores"][0][10:] == [LOWEST] * 5
    assert answer["titles"][0][9:12] == ["Title é 12", "", ""]


@pytest.mark.parametrize("k", [0, -3])
def test_a_k_below_one_is_refused(ask, k):
    with pytest.raises(tf.errors.InvalidArgumentError, match="k: expected at least 1"):
        ask("recommend", [[2, 8]], k=k)


def test_a_k_far_beyond_the_catalogue_is_refused(ask):
    """Whoever asks for two thousand million columns must not get the server killed for it."""
    assert len(ask("recommend", [[2, 8]], k=1000)["rows"][0]) == 1000
    with pytest.raises(tf.errors.InvalidArgumentError, match="k: expected at most 1000"):
        ask("recommend", [[2, 8]], k=2**31 - 1)


@pytest.fixture(scope="module")
def ask_categorised(categorised):
    with signature_caller(categorised.folder) as call:
        yield call


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ([], [9, 1, 3, 4]),
        (["odd"], [9, 1, 3, 5]),
        (["late"], [9, 10, 11, 12]),
        (["late", "odd", "?"], [9, 1, 3, 5]),
        (["?"], [0, 0, 0, 0]),
    ],
)
def test_only_items_of_the_categories(categorised, ask_categorised, categories, expected):
    answer = ask_categorised("recommend", {"movie_ids": [[22, 88]], "categories": categories})
    assert [categorised.row(raw) for raw in answer["movie_ids"][0]] == expected


def test_scores_of_candidates_seen_or_not(ask):
    answer = ask("score", [[2, 8], [0, 0]], candidate_ids=[[9, 2, 0, 99, 12], [9, 1, 3, -1, 0]])
    # Of 40 interactions, row 9 has 10, row 1 has 4, row 3 none.
    assert answer["scores"] == [
        [100, -2, LOWEST, LOWEST, -12],
        [0.25, pytest.approx(0.1), 0, LOWEST, LOWEST],
    ]


def test_no_candidates_have_no_scores(ask):
    assert ask("score", [[2, 8]], candidate_ids=[[]])["scores"] == [[]]


def test_vectors_times_the_item_table_are_the_scores(ask, build):
    vectors = np.array(ask("encode", [[2, 8], [99, 0], [5, 0]])["embedding"])
    table = np.asarray(build.successor_encoder().item_table())
    assert vectors[1].tolist() == [0] * 13  # nothing known
    assert (table @ vectors[0])[[9, 1, 12]].tolist() == [100, -1, -12]
    assert (table @ vectors[2])[[6, 1, 12]].tolist() == [100, -1, -12]


def test_items_nearest_by_cosine_without_the_item_itself(ask, build):
    table = np.asarray(build.successor_encoder().item_table())[1:]
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    cosines = unit @ unit[6]
    cosines[6] = -2
    order = np.argsort(-cosines, kind="stable")[:4]
    answer = ask("similar", [7, 99])
    assert answer["rows"] == [(order + 1).tolist(), [9, 2, 4, 12]]  # unknown: by popularity
    assert answer["scores"][0] == pytest.approx(cosines[order], abs=1e-6)
