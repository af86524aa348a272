"""Ranks and metrics by hand: six items, scores that depend on the last item of the history."""

import math
import resource
import threading
from pathlib import Path

import keras_rs
import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation import ranking as ranking_module
from seqrec_tf.evaluation.metrics import CUTOFFS
from seqrec_tf.evaluation.ranking import Ranking, encoder_scorer, rank
from seqrec_tf.models import build_encoder
from seqrec_tf.settings.config import EncoderConfig

NAN = float("nan")
# Padding scores highest of all, which nobody must notice.
SCORES = [100, 5, 4, 3, 2, 1, 0]


def _queries(pairs: list[tuple[list[int], int]]) -> Queries:
    histories, targets = zip(*pairs, strict=True)
    ragged = tf.ragged.constant(histories, dtype=tf.int32, ragged_rank=1)
    return Queries(ragged, tf.constant(targets, tf.int32))


def _scorer(*by_last_item):
    """Scores of a history: row `last item` of the table, or its only row."""
    table = tf.constant(by_last_item, tf.float32)

    def score(histories):
        last = tf.gather(histories.flat_values, histories.row_limits() - 1)
        return tf.gather(table, last % len(by_last_item))

    return score


def _ranks(pairs, *scores, **options) -> list[int]:
    return rank(_scorer(*scores), _queries(pairs), len(scores[0]) - 1, **options).ranks.tolist()


@pytest.mark.parametrize(
    ("history", "target", "expected"),
    [
        ([6], 1, 0),  # the best
        ([6], 3, 2),  # 1 and 2 are better
        ([1, 2], 3, 0),  # 1 and 2 are better, but seen
        ([2], 4, 2),  # 1 and 3; 2 is seen
        ([1, 1, 2], 6, 3),  # 3, 4, 5
    ],
)
def test_rank_is_the_number_of_better_unseen_items(history, target, expected):
    assert _ranks([(history, target)], SCORES) == [expected]


def test_ties_count_against_the_model():
    assert _ranks([([6], 3), ([1], 3)], [9, 2, 2, 2, 1, 1, 2]) == [2, 2]  # 1, 2; then 2, 6
    assert _ranks([([1, 2], 3)], [0, 0, 0, 0, 0, 0, 0]) == [3]  # a constant: 4, 5, 6


def test_nan_counts_against_the_model():
    assert _ranks([([6], 1)], [0, 5, NAN, 4, NAN, 3, 9]) == [2]  # 2 and 4
    # A model that broke down: every other unseen item is as good, at the least.
    assert _ranks([([6], 1)], [NAN] * 7)[0] >= 4
    assert _ranks([([6], 1)], [0, NAN, 4, 3, 2, 1, 0])[0] >= 4


def test_a_target_outside_the_catalogue_is_a_miss_even_in_a_tiny_catalogue():
    ranking = rank(_scorer(SCORES), _queries([([1], 0), ([6], 1)]), 6)
    assert ranking.ranks[0] >= 20 and ranking.ranks[1] == 0
    metrics = ranking.metrics(6)
    assert [metrics[f"hit_rate@{k}"] for k in (5, 10, 20)] == [0.5, 0.5, 0.5]


def test_recommended_has_unseen_items_best_first_and_never_padding():
    pairs = [([2, 4], 1), ([6], 3), ([1, 2, 3, 4, 5, 6], 6)]
    recommended = rank(_scorer(SCORES), _queries(pairs), 6).recommended
    assert recommended.tolist() == [
        [1, 3, 5, 6, 0, 0],
        [1, 2, 3, 4, 5, 0],
        [0, 0, 0, 0, 0, 0],  # a target that was seen before is hidden as all that was seen
    ]


def test_recommended_has_twenty_columns_in_larger_catalogues():
    recommended = rank(_scorer(range(31)), _queries([([30, 7], 1)]), 30).recommended
    assert recommended.tolist() == [list(range(29, 9, -1))]


def test_queries_keep_their_order_in_any_batch_size():
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(41, 41))
    pairs = [
        (generator.integers(1, 41, size=generator.integers(1, 9)).tolist(), int(target))
        for target in generator.integers(0, 41, size=50)
    ]
    expected = []
    for history, target in pairs:
        own = scores[history[-1]]
        rivals = set(range(1, 41)) - set(history) - {target}
        better = sum(own[item] >= own[target] for item in rivals)
        expected.append(better if target and target not in history else 40)
    for batch_size in (1, 7, 256):
        assert _ranks(pairs, *scores, batch_size=batch_size) == expected


def test_metrics():
    ranking = Ranking(np.array([0, 3, 9, 50]), np.array([[1] * 10 + [2] * 10, [3] * 20]))
    metrics = ranking.metrics(items=4)
    assert metrics["hit_rate@5"] == 2 / 4
    assert metrics["hit_rate@10"] == metrics["hit_rate@20"] == 3 / 4
    assert metrics["ndcg@5"] == pytest.approx((1 / math.log2(2) + 1 / math.log2(5)) / 4, abs=1e-6)
    assert metrics["ndcg@10"] == pytest.approx(
        (1 / math.log2(2) + 1 / math.log2(5) + 1 / math.log2(11)) / 4, abs=1e-6
    )
    assert metrics["mrr@5"] == pytest.approx((1 / 1 + 1 / 4) / 4, abs=1e-6)
    assert metrics["mrr@20"] == pytest.approx((1 / 1 + 1 / 4 + 1 / 10) / 4, abs=1e-6)
    assert (metrics["coverage@10"], metrics["coverage@20"]) == (2 / 4, 3 / 4)  # 1, 3; 1, 2, 3
    assert len(metrics) == 4 * 3


def test_metrics_are_those_of_keras_rs():
    generator = np.random.default_rng(4)
    scores = generator.permuted(np.tile(np.arange(41), (41, 1)), axis=1).astype(np.float32)
    pairs = [([last], int(generator.integers(1, 41))) for last in range(1, 41)]
    queries = _queries([(history, target) for history, target in pairs if target not in history])
    metrics = rank(_scorer(*scores), queries, 40).metrics(40)
    last, target = queries.histories.flat_values.numpy(), queries.targets.numpy()
    allowed = (np.arange(41) > 0) & (np.arange(41) != last[:, np.newaxis])
    predicted = np.where(allowed, scores[last], -1)
    relevant = np.eye(41, dtype=np.float32)[target]
    for k in CUTOFFS:
        expected = {
            f"hit_rate@{k}": float(keras_rs.metrics.RecallAtK(k)(relevant, predicted)),
            f"ndcg@{k}": float(keras_rs.metrics.NDCG(k=k)(relevant, predicted)),
            f"mrr@{k}": float(keras_rs.metrics.MeanReciprocalRank(k)(relevant, predicted)),
        }
        assert {name: metrics[name] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_coverage_counts_items_and_never_padding():
    ranking = rank(_scorer(SCORES), _queries([([2, 4], 1), ([6], 3), ([1, 2, 3], 4)]), 6)
    # The first has 1, 3, 5, 6, the second 1..5: six of six items, not seven of six.
    assert ranking.metrics(6)["coverage@10"] == 1


def test_an_encoder_scores_by_dot_product():
    encoder = build_encoder(EncoderConfig(encoder="gru4rec", window=4, dim=3, layers=1), 5)
    histories = tf.ragged.constant([[1, 2], [], [3]], dtype=tf.int32, ragged_rank=1)
    scores = encoder_scorer(encoder)(histories).numpy()
    expected = encoder.encode(histories).numpy() @ encoder.item_table().numpy().T
    assert scores.shape == (3, 6)
    np.testing.assert_allclose(scores, expected, atol=1e-6)


LARGE = 300


def _sampled(target: int, queries: int, items: int = LARGE, **scores) -> np.ndarray:
    """Ranks under P4 of the same target, where item i scores i; the histories hold item 1."""
    pairs = [([1], target)] * queries
    table = dict(enumerate(range(items + 1))) | scores.get("replaced", {})
    return rank(_scorer(list(table.values())), _queries(pairs), items, sampled=True).ranks


def test_sampled_ranking_has_a_hundred_rivals():
    assert set(_sampled(LARGE, 20)) == {0}
    assert set(_sampled(2, 20)) == {100}  # only item 1 is worse, and it is seen


def test_sampled_rivals_are_drawn_uniformly():
    # 150 of the 298 other unseen items are better than item 150: 50.3 of a hundred rivals. The
    # mean of 400 ranks has a standard deviation of about 0.2.
    ranks = _sampled(150, 400)
    assert abs(ranks.mean() - 100 * 150 / 298) < 1
    assert len(set(ranks)) > 10


def test_sampled_rivals_are_the_same_every_time():
    np.testing.assert_array_equal(_sampled(150, 50), _sampled(150, 50))


def test_small_catalogues_have_fewer_rivals():
    assert set(_sampled(2, 5, items=10)) == {8}  # 3..10
    assert set(_sampled(9, 5, items=10)) == {1}


def test_nan_rivals_are_drawn_too():
    replaced = {item: NAN for item in range(2, LARGE)}
    assert set(_sampled(LARGE, 5, replaced=replaced)) == {100}


def test_seen_items_are_never_sampled():
    history = list(range(11, LARGE + 1))
    queries = _queries([(history, 5)] * 3)
    ranks = rank(_scorer(range(LARGE + 1)), queries, LARGE, sampled=True).ranks
    assert ranks.tolist() == [5, 5, 5]  # 6..10


@pytest.mark.parametrize("sampled", [False, True])
def test_blocks_change_nothing(sampled, monkeypatch):
    """One row at a time, three at a time and all at once, in batches of 7."""
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 50, size=(LARGE + 1, LARGE + 1))
    pairs = [
        (generator.integers(1, LARGE + 1, size=generator.integers(1, 9)).tolist(), int(target))
        for target in generator.integers(0, LARGE + 1, size=20)
    ]
    found = []
    for block in (1, 3 * (LARGE + 1), 1 << 22):
        monkeypatch.setattr(ranking_module, "BLOCK", block)
        found.append(rank(_scorer(*scores), _queries(pairs), LARGE, sampled, batch_size=7))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].ranks, other.ranks)
        np.testing.assert_array_equal(found[0].recommended, other.recommended)


@pytest.mark.parametrize("sampled", [False, True])
def test_scores_are_in_memory_once_and_random_numbers_beside_them(sampled):
    """Eight bytes a score and a block's work; copies for each step would take 14 to 23."""
    items, people = 300_000, 64
    pairs = [([7, user + 1], user + 2) for user in range(people)]
    row = tf.random.stateless_uniform([items + 1], [0, 0])
    scorer = tf.function(lambda histories: tf.tile(row[tf.newaxis], [histories.nrows(), 1]))
    rank(scorer, _queries(pairs[:1]), items, sampled)
    before, peak = _resident(), _Peak()
    with peak:
        rank(scorer, _queries(pairs), items, sampled)
    assert (peak.bytes - before) / (people * items) < 12


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class _Peak:
    """The most memory that the process has while the body runs, looked at every millisecond."""

    def __enter__(self):
        self.bytes, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self):
        while not self._over.wait(0.001):
            self.bytes = max(self.bytes, _resident())

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
