"""What a request may ask of the graph: bounds, parts that answer as one does, memory as sent."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from export.batch.scoring import _batches
from export.graph import bounds
from serving.models.signature_function import RestoredFunction


@pytest.fixture(scope="module")
def whole_and_parts(build):
    """The same recommender, working on all rows at once and on three at a time."""
    categories = np.array(["odd", "even"] * 6, object)
    catalogue = replace(build.catalogue("int64"), categories=categories)
    made = []
    for rows, pairs in ((bounds.MOST_ROWS, bounds.MOST_IDS), (3, 5)):
        recommender = build.recommender(build.successor_encoder(), catalogue, 4, "movie_ids")
        recommender.part, recommender.pairs = rows, pairs
        made.append(traced(recommender))
    return made


def traced(recommender) -> SimpleNamespace:
    """Each function as a graph, traced once."""
    ragged, ids = tf.RaggedTensorSpec([None, None], tf.int64), tf.TensorSpec([None], tf.int64)
    words, pairs = tf.TensorSpec([None], tf.string), tf.TensorSpec([None, None], tf.int64)
    options = [ragged, tf.TensorSpec([], tf.int32), ids, tf.TensorSpec([], tf.bool), words]
    graph = lambda function, *specs: tf.function(function, input_signature=specs)  # noqa: E731
    return SimpleNamespace(
        recommend=recommender.recommend,
        recommend_with_options=graph(recommender.recommend_with_options, *options),
        similar=graph(recommender.similar, ids),
        encode=graph(recommender.encode, ragged),
        score=graph(recommender.score, ragged, pairs),
        allowed=recommender._allowed,
    )


HISTORIES = [[88], [], [22, 88], [7], [99, 11, 22, 33], [132], [66, 66], [11]]


def asked(recommender, histories: list[list[int]]) -> dict[str, np.ndarray]:
    """What every function of a recommender answers."""
    ragged = tf.ragged.constant(histories, dtype=tf.int64, ragged_rank=1)
    items = tf.constant([11 * n for n in range(len(histories))], tf.int64)
    candidates = tf.tile(items[tf.newaxis], [len(histories), 1])
    k, some = tf.constant(3), tf.constant([22, 33, 7, 22], tf.int64)
    options = (k, some, tf.constant(False), tf.constant(["odd", "odd", "none"]))
    answers = {
        "recommend": recommender.recommend(ragged),
        "options": recommender.recommend_with_options(ragged, *options),
        "similar": recommender.similar(items),
        "encode": {"vectors": recommender.encode(ragged)},
        "score": {"scores": recommender.score(ragged, candidates)},
    }
    return {
        f"{form} {name}": values.numpy()
        for form, outputs in answers.items()
        for name, values in outputs.items()
    }


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 6, 7, 8])
def test_parts_answer_as_the_whole_does(rows, whole_and_parts):
    one, many = (asked(recommender, HISTORIES[:rows]) for recommender in whole_and_parts)
    assert one.keys() == many.keys()
    for name, values in one.items():
        if values.dtype == np.float32:  # sums over other numbers of rows
            np.testing.assert_allclose(values, many[name], rtol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(values, many[name], err_msg=name)


def test_exclusions_and_categories_are_one_mask(whole_and_parts):
    recommender, _ = whole_and_parts
    none, every = tf.constant([], tf.int64), tf.constant([], tf.string)
    assert recommender.allowed(none, every).numpy().tolist() == [True] * 13
    some = tf.constant([22, 22, 5, 0, 132], tf.int64)
    allowed = recommender.allowed(some, every).numpy()
    assert np.flatnonzero(allowed).tolist() == [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    allowed = recommender.allowed(some, tf.constant(["even"] * 1000 + ["?"])).numpy()
    assert np.flatnonzero(allowed).tolist() == [4, 6, 8, 10]


@pytest.mark.parametrize(
    ("items", "window", "rows"),
    [(3417, 200, 327), (1_000_001, 50, 67), (10_000_001, 50, 6), (10**9, 10**9, 1), (5, 1, 16384)],
)
def test_rows_a_part(items, window, rows):
    assert bounds.rows_a_part(items, window) == rows


# 68 bytes of a message say as much: one value, and a shape.
FLOODS = {
    "serving_default": {"movie_ids": [400_000, 1]},
    "serving_default, of nothing": {"movie_ids": [400_000, 0]},
    "serving_default, long": {"movie_ids": [1, 5_000_000]},
    "ragged": {"movie_ids": [0], "row_splits": [400_001]},
    "text": {"history": [400_000]},
    "examples": {"inputs": [400_000]},
    "recommend": {"movie_ids": [400_000, 1]},
    "recommend, columns": {"movie_ids": [10_000, 1], "k": 1000},
    "recommend, exclusions": {"movie_ids": [1, 1], "exclude_ids": [5_000_000]},
    "score": {"movie_ids": [400_000, 1], "candidate_ids": [400_000, 1]},
    "score, candidates": {"movie_ids": [1, 1], "candidate_ids": [1, 5_000_000]},
    "score, repeated": {"movie_ids": [16_384, 0], "candidate_ids": [1, 4_000_000]},
    "score, both": {"movie_ids": [5000, 1], "candidate_ids": [5000, 5000]},
    "encode": {"movie_ids": [400_000, 0]},
    "similar": {"movie_ids": [400_000]},
}


EXPECTED = "expected (at most [^\n]* in a request|a row of candidate_ids for each history)"


def flood(signature, shapes: dict) -> dict[str, tf.Tensor]:
    """Zeros or empty texts of each shape; a number is itself."""
    specs = signature.structured_input_signature[1]
    asked = {"k": tf.constant(3), "filter_seen": tf.constant(True)}
    asked["exclude_ids"] = tf.constant([], tf.int64)
    asked |= {
        alias: tf.constant(shape) if isinstance(shape, int) else tf.zeros(shape, specs[alias].dtype)
        for alias, shape in shapes.items()
    }
    return {alias: asked[alias] for alias in specs}


@pytest.mark.parametrize("name", FLOODS)
def test_what_no_client_means_is_refused(name, saved):
    signature = saved["int64"].model.signatures[name.split(",")[0]]
    with pytest.raises(tf.errors.InvalidArgumentError, match=EXPECTED):
        signature(**flood(signature, FLOODS[name]))


@pytest.mark.parametrize("name", ["serving_default", "examples", "score, repeated"])
def test_checks_stay_where_a_server_cuts_an_output_out(name, saved):
    """They would be left behind if they stood beside the work and not before it."""
    signature = saved["int64"].model.signatures[name.split(",")[0]]
    for wanted in signature.structured_outputs:
        with pytest.raises(Exception, match=EXPECTED):
            RestoredFunction(signature).call(flood(signature, FLOODS[name]), (wanted,))


@pytest.mark.parametrize(
    ("form", "shapes"),
    [
        ("serving_default", {"movie_ids": [16_384, 1]}),
        ("ragged", {"movie_ids": [0], "row_splits": [16_385]}),
        ("text", {"history": [16_384]}),
        ("score", {"movie_ids": [16_384, 0], "candidate_ids": [16_384, 0]}),
        ("recommend", {"movie_ids": [1, 1], "exclude_ids": [2**22]}),
    ],
)
def test_exactly_the_bound_is_answered(form, shapes, saved):
    signature = saved["int64"].model.signatures[form]
    answer = signature(**flood(signature, shapes))
    rows = 1 if form == "recommend" else 16_384
    assert {len(values) for values in answer.values()} == {rows}


def test_the_batch_job_asks_for_no_more(monkeypatch):
    assert [bounds.rows_a_request(k) for k in (1, 1000, 10**9)] == [16_384, 4194, 1]
    monkeypatch.setattr("export.batch.scoring.MOST_IDS", 10)
    lengths = [1, 2, 5, 5, 6, 10, 3, 1, 1, 1]
    people = iter([(user, [7] * length, [1] * length) for user, length in enumerate(lengths)])
    found = [[len(items) for _, items, _ in batch] for batch in _batches(people, 4)]
    assert found == [[1, 2], [5, 5], [6], [10], [3, 1], [1, 1]]


@pytest.mark.parametrize("form", ["text", "examples"])
def test_texts_of_many_megabytes_are_refused(form, saved):
    forms = tf.fill([1000], "1 " * 5000)
    (alias,) = saved["int64"].model.signatures[form].structured_input_signature[1]
    with pytest.raises(tf.errors.InvalidArgumentError, match="8,388,608 bytes in a request"):
        saved["int64"].model.signatures[form](**{alias: forms})


ASK = """
import sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
ask = model.signatures["recommend"]
options = {"k": tf.constant(4), "filter_seen": tf.constant(True)}
def after(rows, excluded):
    ask(movie_ids=tf.fill([rows, 1], tf.constant(88, tf.int64)),
        exclude_ids=tf.fill([excluded], tf.constant(22, tf.int64)), **options)
    return peak()
before = after(5000, 1)
print(after(5000, 5000) - before)
"""


def test_many_rows_and_many_exclusions_do_not_multiply(saved, in_a_process):
    """25 million pairs, if exclusions were repeated for every row: 100 MB at the least."""
    assert in_a_process(ASK, saved["int64"].folder) < 50_000_000
