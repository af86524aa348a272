"""What is recommended, by hand."""

import math

import numpy as np
import pytest

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.evaluation.ranking import Ranking
from seqrec_tf.evaluation.recommended import describe

# Sixteen interactions; the head is item 1, the middle item 2, the tail the others.
COUNTS = np.array([8, 4, 2, 2, 0])


def catalogue(categories=None) -> Catalogue:
    ids = np.arange(1, 6)
    titles = np.array([str(raw) for raw in ids], object)
    return Catalogue(ids, titles, COUNTS, "item_ids", categories)


def figures(ranks, recommended, targets, categories=None) -> dict[str, float]:
    ranking = Ranking(np.array(ranks, np.int32), np.array(recommended, np.int32))
    return describe(ranking, np.array(targets), catalogue(categories))


def test_novelty_and_popularity_are_of_what_is_shown():
    found = figures([0, 0], [[1, 3], [2, 0]], [1, 2])  # 0: fewer than two were left
    bits = [-math.log2(count / 17) for count in (8, 2, 4)]  # the item without counts has one
    assert found["novelty@10"] == pytest.approx(np.mean(bits), abs=1e-6)
    shares = [found[f"{name}@10"] for name in ("head", "middle", "tail")]
    assert shares == pytest.approx([1 / 3, 1 / 3, 1 / 3], abs=1e-6)
    assert "diversity@10" not in found


def test_every_target_item_counts_the_same():
    """Item 1 is hit two times of three, item 2 never; a target that nobody knows counts not."""
    found = figures([0, 9, 10, 30, 0], [[1]] * 5, [1, 1, 1, 2, 0])
    assert found["item_hit_rate@10"] == pytest.approx((2 / 3 + 0) / 2, abs=1e-6)
    assert found["no_hit@20"] == 1


def test_diversity_is_what_categories_do_not_share():
    categories = np.array(["a|b", "a", "c", "", ""], object)
    one = figures([0], [[1, 2, 3]], [1], categories)["diversity@10"]
    assert one == pytest.approx((0.5 + 1 + 1) / 3, abs=1e-6)
    assert figures([0], [[4, 5]], [1], categories)["diversity@10"] == 0  # nothing to compare
    assert figures([0], [[1, 0]], [1], categories)["diversity@10"] == 0


def test_only_the_first_ten_are_looked_at():
    found = figures([0], [[1] * 10 + [5] * 10], [1])
    assert found["head@10"] == 1
