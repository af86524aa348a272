"""When two answers agree: the tolerance, allowed swaps, and everything that is refused."""

import pytest
from helpers.forms import LOWEST

from export.artifact.documents import Answer
from export.proof.exact import TOLERANCE, differences, largest_difference

# Two items asked for, two runners-up. The largest score is 100, so 0.01 is tolerated.
EXPECTED = Answer(ids=[7, 5, 3, 1], titles=[], scores=[100.0, 50.0, 49.995, 20.0])


def test_the_tolerance_of_these_examples():
    assert TOLERANCE * 100 == 0.01


@pytest.mark.parametrize(
    "ids, scores",
    [
        ([7, 5], [100.0, 50.0]),
        ([7, 5], [100.009, 49.991]),
        ([7, 3], [100.0, 49.995]),  # a runner-up with almost the same score
        ([7, 5, 3, 1], [100.0, 50.0, 49.995, 20.0]),
        ([7, 3, 5, 1], [100.0, 49.999, 49.999, 20.0]),
    ],
)
def test_equal_within_the_tolerance(ids, scores):
    assert differences(EXPECTED, ids, scores) == []


@pytest.mark.parametrize(
    "ids, scores, said",
    [
        ([7, 1], [100.0, 50.0], "place 2: expected id 5, got 1"),
        ([7, 9], [100.0, 50.0], "place 2: expected id 5, got 9"),
        ([7, 0], [100.0, 50.0], "place 2: expected id 5, got 0"),
        ([7, 5], [100.02, 50.0], "place 1: expected score 100.0, got 100.02"),
        ([7, 5], [100.0, 49.98], "place 2: expected score 50.0, got 49.98"),
        ([7, 5], [float("nan"), 50.0], "place 1: expected score 100.0, got nan"),
        ([7, 5], [100.0, float("-inf")], "place 2: expected score 50.0, got -inf"),
        ([7, 5], [100.0, LOWEST], f"place 2: expected score 50.0, got {LOWEST}"),
    ],
)
def test_anything_else_is_said(ids, scores, said):
    assert differences(EXPECTED, ids, scores) == [said]


def test_a_swap_of_clearly_different_items_is_refused_at_both_places():
    found = differences(EXPECTED, [5, 7], [100.0, 50.0])
    assert found == ["place 1: expected id 7, got 5", "place 2: expected id 5, got 7"]


def test_a_repeated_id_is_refused_also_within_the_tolerance():
    found = differences(EXPECTED, [7, 5, 5, 1], [100.0, 50.0, 49.995, 20.0])
    assert found == ["an id is recommended twice"]


@pytest.mark.parametrize("padding", [0, ""])
def test_fillers_agree_with_fillers_only(padding):
    item = "x" if padding == "" else 7
    expected = Answer(ids=[item, padding, padding], titles=[], scores=[1.0, LOWEST, LOWEST])
    assert differences(expected, [item, padding, padding], [1.0, LOWEST, LOWEST]) == []
    assert len(differences(expected, [item, padding, padding], [1.0, LOWEST, float("nan")])) == 1
    assert len(differences(expected, [item, padding, 5], [1.0, LOWEST, LOWEST])) == 1


def test_a_history_with_nothing_left_to_recommend():
    expected = Answer(ids=[0, 0], titles=[], scores=[LOWEST, LOWEST])
    assert differences(expected, [0, 0], [LOWEST, LOWEST]) == []
    assert len(differences(expected, [0, 0], [LOWEST, 0.0])) == 1


def test_negative_scores_have_a_tolerance_too():
    expected = Answer(ids=[1, 2], titles=[], scores=[-50.0, -100.0])
    assert differences(expected, [1, 2], [-50.009, -99.991]) == []
    assert len(differences(expected, [1, 2], [-50.02, -100.0])) == 1


def test_the_largest_difference_is_relative_to_the_largest_score_without_fillers():
    expected = Answer(ids=[7, 5, 0], titles=[], scores=[100.0, 50.0, LOWEST])
    assert largest_difference(expected.scores, [100.0, 48.0, 0.0]) == pytest.approx(0.02)
    assert largest_difference([LOWEST], [LOWEST]) == 0
