"""Every ranking policy, through every form in which a reloaded SavedModel can be asked.

The encoder of conftest.py: after row i, row i + 1 scores 100 and row j scores -j, but row 6 scores
-5 as row 5 does. The popularity order is 9, 2, 4, 12, 1, 7, 10, 11, 3, 5, 6, 8.
"""

import numpy as np
import pytest
from helpers.forms import FORMS, LOWEST


@pytest.fixture(scope="module", params=["int64", "string"])
def exported(request, saved):
    return saved[request.param]


@pytest.fixture(scope="module", params=FORMS)
def ask(request, exported):
    def ask_one(*rows: int):
        return exported.ask(request.param, list(rows))[0]

    ask_one.batch = lambda *histories: exported.ask(request.param, *histories)
    return ask_one


def test_the_successor_is_first_then_the_best_of_the_rest(ask):
    assert ask(8) == ([9, 1, 2, 3], [100, -1, -2, -3])


def test_what_was_seen_is_never_recommended(ask):
    assert ask(9, 2, 8) == ([1, 3, 4, 5], [-1, -3, -4, -5])


def test_what_was_seen_before_the_window_is_not_recommended_either(ask):
    # The window is 3: rows 1 and 2 are not read by the encoder.
    assert ask(1, 2, 10, 11, 7) == ([8, 3, 4, 5], [100, -3, -4, -5])


def test_equal_scores_go_to_the_lower_row(ask):
    assert ask(1, 2, 3) == ([4, 5, 6, 7], [100, -5, -5, -7])


def test_repeated_items_count_as_seen_once(ask):
    assert ask(8, 8, 8, 8, 8) == ask(8)


@pytest.mark.parametrize(
    "rows",
    [(99, 2, 8), (2, 99, 8), (2, 8, 99), (0, 2, 0, 8, 0), (-1, 2, -1, 8, -1), (99, 0, -1, 2, 8)],
)
def test_unknown_ids_padding_and_negatives_are_skipped_wherever_they_stand(ask, rows):
    assert ask(*rows) == ([9, 1, 3, 4], [100, -1, -3, -4])


@pytest.mark.parametrize("rows", [(), (99,), (0, 0), (-1, 99, 0, 99, -1)])
def test_without_a_known_item_the_most_popular_are_recommended(ask, rows):
    ids, scores = ask(*rows)
    assert ids == [9, 2, 4, 12]  # 10, 8, 8 and 5 of 40 interactions; the tie to the lower row
    np.testing.assert_array_equal(scores, np.float32([0.25, 0.2, 0.2, 0.125]))


def test_histories_of_a_batch_do_not_touch_each_other(ask):
    histories = [[8], [], [9, 2, 8], [99], [1, 2, 10, 11, 7]]
    assert ask.batch(*histories) == [ask(*history) for history in histories]


def test_fewer_items_left_than_k_fill_up_with_no_item_at_the_lowest_float(ask):
    assert ask(*range(1, 11)) == ([11, 12, 0, 0], [100, -12, LOWEST, LOWEST])


def test_nothing_left_is_all_filler(ask):
    assert ask(*range(1, 13)) == ([0, 0, 0, 0], [LOWEST] * 4)
