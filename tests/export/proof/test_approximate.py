"""The judge of quantised files: policies to the letter, numbers within what the mode allows."""

import pytest
from helpers.forms import LOWEST

from export.artifact.documents import Answer
from export.litert.modes import MODES, Mode, require_mode
from export.proof.approximate import ApproximateJudge
from seqrec_tf.errors import InputError

# The largest score is 100, so 10 is tolerated; 7 is withheld.
MODE = Mode(tolerance=0.1, agreement=0.75)
KNOWN = {1, 2, 3, 4, 5, 6, 7}
EXPECTED = Answer(ids=[3, 4, 5], titles=[], scores=[100.0, 50.0, 40.0])


@pytest.fixture
def judge():
    return ApproximateJudge(MODE, KNOWN - {7}, KNOWN)


@pytest.mark.parametrize(
    ("ids", "scores", "found"),
    [
        ([3, 4], [100.0, 50.0], []),
        ([3, 4], [109.9, 40.1], []),
        ([5, 6], [100.0, 50.0], []),  # other items; how many may be is judged in the end
        ([3, 4], [111.0, 50.0], ["place 1: expected score 100.0 within 10% of the largest"]),
        ([3, 4], [100.0, float("nan")], ["place 2: expected score 50.0 within 10%"]),
        ([3, 1], [100.0, 50.0], ["place 2: 1 may not be recommended"]),  # seen
        ([3, 7], [100.0, 50.0], ["place 2: 7 may not be recommended"]),  # withheld
        ([3, 9], [100.0, 50.0], ["place 2: 9 may not be recommended"]),  # unknown
        ([3, 0], [100.0, 50.0], ["place 2: 0 may not be recommended"]),
        ([3, 3], [100.0, 50.0], ["an id is recommended twice"]),
        ([3, 4], [92.0, 59.9], []),
        ([4, 3], [54.0, 55.0], ["place 1: expected score", "scores do not descend"]),
    ],
)
def test_one_answer(judge, ids, scores, found):
    said = judge([1, 2, 99], EXPECTED, ids, scores)
    assert len(said) == len(found)
    assert all(line.startswith(start) for line, start in zip(sorted(said), found, strict=True))


@pytest.mark.parametrize(
    ("ids", "scores", "good"),
    [
        ([3, 0], [100.0, LOWEST], True),
        ([3, 0], [100.0, 1.0], False),
        ([3, 4], [100.0, LOWEST], False),
        ([3, 4], [100.0, 50.0], False),
    ],
)
def test_fillers_stand_where_nothing_is_left(judge, ids, scores, good):
    expected = Answer(ids=[3, 0], titles=[], scores=[100.0, LOWEST])
    assert (judge([1], expected, ids, scores) == []) == good


def test_the_cold_start_must_be_exact(judge):
    assert judge([99, 0], EXPECTED, [3, 4], [100.0, 50.0]) == []
    assert judge([99, 0], EXPECTED, [3, 4], [100.0, 50.1]) == [
        "place 2: expected score 50.0, got 50.1"
    ]
    assert judge.agreement == 1  # a cold start says nothing about the weights


def test_the_share_of_the_recommendations_that_agree(judge):
    judge([1], EXPECTED, [4, 3], [99.0, 99.0])
    judge([1], EXPECTED, [3, 5], [100.0, 50.0])
    assert judge.agreement == 3 / 4
    assert judge.failures() == []
    judge([1], EXPECTED, [6, 5], [100.0, 50.0])
    assert judge.failures() == ["expected at least 75% of float32's recommendations, got 50.0%"]


@pytest.mark.parametrize(
    ("mode", "formats", "said"),
    [
        ("int4", ("tflite",), "expected one of none, float16, dynamic, int8. Received: 'int4'"),
        ("int8", ("savedmodel",), "Received: int8 with savedmodel"),
    ],
)
def test_what_cannot_be_quantised_is_said(mode, formats, said):
    with pytest.raises(InputError, match=said):
        require_mode(mode, formats)


def test_every_mode_needs_a_lite_file_only():
    assert [require_mode(mode, ("tflite", "savedmodel")) for mode in MODES] == list(MODES)
    assert require_mode("none", ("savedmodel",)) == "none"
