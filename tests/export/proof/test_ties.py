"""Catalogues in which many items score the same: any of them may stand where one is due."""

import json
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from export.artifact.documents import Answer, Call, Golden
from export.graph.cells import train_cells
from export.graph.exact import ExactIndex, exact_index
from export.graph.ivf import IvfIndex
from export.graph.recommender import Recommender
from export.graph.tables import ReducedTable
from export.litert.modes import MODES
from export.proof.approximate import ApproximateJudge
from export.proof.exact import differences
from export.proof.ties import Tied, packed, read_ties
from export.sources import golden as golden_module
from export.sources.golden import golden_requests
from export.sources.subject import Subject
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.ragged import from_padded, most_recent

ITEMS, DIM, WINDOW = 290, 6, 5
DRAWN = np.random.default_rng(0).standard_normal((ITEMS, DIM)).astype(np.float32)
LATER = np.arange(ITEMS)[:, np.newaxis] >= 40


def default_vector(vector) -> np.ndarray:
    """All items but the first 40 have one vector."""
    return np.where(LATER, vector, DRAWN).astype(np.float32)


CATALOGUES = {
    "a default vector": default_vector(DRAWN.mean(axis=0)),
    "a long default vector": default_vector(np.full(DIM, 3.0)),
    "the zero vector": default_vector(np.zeros(DIM)),
    "nearly a default vector": default_vector(np.full(DIM, 2.0) + 1e-6 * DRAWN),
    "all the same": np.tile(DRAWN[:1], (ITEMS, 1)),
    "pairs": np.repeat(DRAWN[: ITEMS // 2], 2, axis=0),
    "thirty of each": np.resize(DRAWN[:10], (ITEMS, DIM)),
    "opposites": np.where(LATER, 1, -1).astype(np.float32) * np.ones(DIM, np.float32),
}


def catalogue(kind: str = "int64") -> Catalogue:
    numbers = np.arange(1, ITEMS + 1)
    ids = 3 * numbers if kind == "int64" else np.array([f"i{n:03}" for n in numbers], object)
    return Catalogue(ids, numbers.astype(str).astype(object), numbers % 4, "item_ids")


class MeanEncoder:
    """The vector of a history is the mean of its items'."""

    window, dim, tensorflow_variables = WINDOW, DIM, ()

    def __init__(self, table: tf.Tensor):
        self.item_table = lambda: table

    def encode(self, histories: tf.RaggedTensor | tf.Tensor) -> tf.Tensor:
        if not isinstance(histories, tf.RaggedTensor):
            histories = from_padded(histories)
        recent = most_recent(histories, WINDOW)
        sums = tf.reduce_sum(tf.gather(self.item_table(), recent), axis=1)
        lengths = tf.maximum(recent.row_lengths()[:, tf.newaxis], 1)
        return sums / tf.cast(lengths, tf.float32)


def build(vectors: np.ndarray, way: str, precision: str, k: int, items: Catalogue, **cells):
    """A recommender, not saved, and its golden requests as the file holds them."""
    table = tf.constant(np.vstack([np.zeros((1, DIM)), vectors]), tf.float32)
    encoder = MeanEncoder(table)
    popularity = items.popularity()
    if way == "cells":
        trained = train_cells(table.numpy(), cells.get("cells", 68))
        probes = min(cells.get("probes", 3), len(trained.centres))
        index = IvfIndex(table.numpy(), popularity, trained, probes, precision)
    elif precision == "float32":
        index = exact_index(encoder, items)
    else:
        index = ExactIndex(ReducedTable(table.numpy(), precision), popularity)
    golden = golden_requests(Subject(encoder, items, k, "item_ids"), index)
    read = Golden.of(json.loads(json.dumps(golden.to_json())))
    return Recommender(encoder, items, index, k, "item_ids"), read


def failures(recommender: Recommender, golden: Golden) -> list[str]:
    """What the proof says of rankings, without a file between."""
    golden = read_ties(golden)
    plain = lambda ids: [getattr(raw, "decode", lambda raw=raw: raw)() for raw in ids]  # noqa: E731
    found = []
    for request in [*golden.requests, *golden.calls]:
        if request.answers is None:
            continue
        called = isinstance(request, Call)
        inputs = request.inputs if called else {"item_ids": request.histories}
        kind = recommender.id_type
        if called and request.signature == "similar":
            answer = recommender.similar(tf.constant(inputs["item_ids"], kind))
        else:
            answer = recommender.recommend_with_options(
                tf.ragged.constant(inputs["item_ids"], kind, ragged_rank=1),
                tf.constant(inputs.get("k", recommender.k)),
                tf.constant(inputs.get("exclude_ids", []), kind),
                tf.constant(inputs.get("filter_seen", True)),
            )
        rows = zip(answer["item_ids"].numpy(), answer["scores"].numpy(), strict=True)
        for expected, (ids, scores) in zip(request.answers, rows, strict=True):
            found += differences(expected, plain(ids.tolist()), scores.tolist())
    return found


@pytest.fixture(autouse=True)
def few_requests(monkeypatch):
    monkeypatch.setattr(golden_module, "MOST_SCORES", 4 * ITEMS)  # of a batch, else 64 histories


@pytest.mark.parametrize(
    ("way", "precision", "name"),
    [
        ("cells", "float32", "a default vector"),
        ("cells", "float32", "nearly a default vector"),
        ("cells", "float32", "the zero vector"),
        ("cells", "float32", "all the same"),
        ("cells", "float32", "opposites"),
        ("cells", "int8", "a long default vector"),
        ("cells", "int8", "pairs"),
        ("cells", "int8", "thirty of each"),
        ("exact", "float32", "nearly a default vector"),
        ("exact", "float32", "opposites"),
    ],
)
def test_ties_are_no_differences(way, precision, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = build(CATALOGUES[name], way, precision, 10, catalogue())
    assert failures(*made) == []


@pytest.fixture(scope="module")
def answer():
    """An expected answer that ends among ties, with text ids, and one that an artifact may give."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(golden_module, "MOST_SCORES", 4 * ITEMS)
        vectors = CATALOGUES["a long default vector"]
        _, golden = build(vectors, "exact", "float32", 4, catalogue("string"))
    golden = read_ties(golden)
    (request,) = (each for each in golden.requests if each.name == "one_item")
    (history,), (expected,) = request.histories, request.answers
    behind = [raw for raw in golden.ids if raw in expected.tied]
    return SimpleNamespace(history=history, expected=expected, behind=behind)


def test_what_is_tied_is_written_for_what_is_not_listed(answer):
    assert not set(answer.behind) & {*answer.expected.ids, *answer.history}
    assert set(answer.behind) <= {f"i{n:03}" for n in range(41, ITEMS + 1)}
    assert len(answer.behind) > 200
    assert "i041?" not in answer.expected.tied and "" not in answer.expected.tied


def test_ties_swap_and_nothing_else(answer):
    expected, other = answer.expected, answer.behind[-1]
    ids, scores = expected.ids[:4], expected.scores[:4]
    assert differences(expected, [*ids[:3], other], scores) == []
    stranger = next(f"i{n:03}" for n in range(1, 41) if f"i{n:03}" not in expected.ids)
    for wrong in (stranger, answer.history[0], "i999", ""):
        assert differences(expected, [*ids[:3], wrong], scores)
    assert differences(expected, [*ids[:3], other], [*scores[:3], scores[3] - 1])
    assert differences(expected, [*ids[:2], other, other], scores) == ["an id is recommended twice"]


def answer_of(ids: list, scores: list, tied: Tied) -> Answer:
    return Answer(ids=ids, titles=[""] * len(ids), scores=scores, tied=tied)


def test_a_tie_does_not_stand_before_a_better_item():
    ids = [*range(2, 60, 2)]
    bits = packed(np.array(ids) > 40)
    expected = answer_of([2, 4, 6, 8], [9.0, 5.0, 5.0, 5.0], Tied(bits, ids))
    assert differences(expected, [2, 42, 58], [9.0, 5.0, 5.0]) == []
    assert differences(expected, [44, 4, 6], [9.0, 5.0, 5.0]) == ["place 1: expected id 2, got 44"]
    assert differences(expected, [2, 41, 40], [9.0, 5.0, 5.0]) == [
        "place 2: expected id 4, got 41",
        "place 3: expected id 6, got 40",
    ]


@pytest.mark.parametrize("name", ["a default vector", "thirty of each"])
def test_a_changed_index_is_found_among_ties(name):
    recommender, golden = build(CATALOGUES[name], "cells", "float32", 10, catalogue())
    values = recommender.index.values
    values.assign(tf.where(tf.reduce_any(values != values[0, 0], -1, True), -values, values))
    assert failures(recommender, golden)


def test_a_quantised_file_may_choose_among_ties():
    ids = [*range(1, 101)]
    tied = Tied(packed(np.array(ids) > 50), ids)
    expected = answer_of([1, 2, 3, 4, 5], [9.0, 5.0, 5.0, 5.0, 1.0], tied)
    judge = ApproximateJudge(MODES["int8"], set(ids), {7})
    for answered in ([1, 60, 61], [1, 4, 99], [1, 2, 3]):
        assert judge([7], expected, answered, [9.0, 5.0, 5.0]) == []
    assert (judge.agreement, judge.failures()) == (1, [])
    assert judge([7], expected, [5, 10, 11], [9.0, 5.0, 5.0]) == []
    assert judge.agreement == 9 / 12


def test_cells_of_few_different_vectors():
    table = np.vstack([np.zeros((1, DIM)), CATALOGUES["thirty of each"]]).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cells = train_cells(table, 68)
    assert sorted(cells.members[cells.members > 0]) == list(range(1, ITEMS + 1))
    assert cells.members.shape[1] <= 2 * ITEMS / 68 + 1
    assert len(np.unique(cells.centres, axis=0)) == 10  # equal cells are equally near
