"""Filters and the stable sort, by hand and against the published ml-1m split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqrec_tf.data.filters import prepare
from seqrec_tf.data.interactions import Interactions
from seqrec_tf.data.movielens import load_movielens
from seqrec_tf.errors import InputError


def _interactions(rows: list[tuple], rating: list[float] | None = None) -> Interactions:
    table = pd.DataFrame(rows, columns=["user", "item", "time"])
    if rating is not None:
        table["rating"] = np.array(rating, dtype=np.float32)
    return Interactions(table, pd.Series(dtype=str), "item_ids", "test.csv")


def _rows(interactions: Interactions) -> list[tuple]:
    return list(interactions.table[["user", "item", "time"]].itertuples(index=False, name=None))


def test_sort_by_user_and_time_keeps_the_order_of_ties():
    data = _interactions([(2, 9, 5), (1, 7, 3), (1, 4, 3), (1, 8, 1), (1, 2, 3), (2, 1, 4)])
    expected = [(1, 8, 1), (1, 7, 3), (1, 4, 3), (1, 2, 3), (2, 1, 4), (2, 9, 5)]
    assert _rows(prepare(data)) == expected
    assert list(prepare(data).table.index) == [0, 1, 2, 3, 4, 5]


def test_string_users_and_float_times():
    data = _interactions([("b", "y", 0.5), ("a", "x", 2.0), ("b", "x", 0.25)])
    assert _rows(prepare(data)) == [("a", "x", 2.0), ("b", "x", 0.25), ("b", "y", 0.5)]


def test_low_ratings_go_before_items_are_counted():
    # Item 5 occurs twice, but only once with a rating of 2 and more.
    data = _interactions([(1, 5, 1), (2, 5, 1), (1, 6, 2), (2, 6, 2)], rating=[1, 5, 2, 3])
    assert _rows(prepare(data, min_rating=2, min_item_count=2)) == [(1, 6, 2), (2, 6, 2)]


def test_item_count_alone_runs_once():
    data = _interactions([(1, 5, 1), (1, 6, 2), (2, 6, 1)])
    assert _rows(prepare(data, min_item_count=2)) == [(1, 6, 2), (2, 6, 1)]


def test_item_and_user_counts_repeat_until_stable():
    # Item 9 is rare; without it user 3 is short; without user 3 item 8 is rare.
    core = [(1, 6, 1), (1, 7, 2), (2, 6, 1), (2, 7, 2)]
    data = _interactions([*core, (2, 8, 3), (3, 8, 1), (3, 9, 2)])
    assert _rows(prepare(data, min_item_count=2, min_user_count=2)) == core


def test_sequence_length_comes_last_and_once():
    # User 2 is short; item 6 is then seen once, and stays.
    data = _interactions([(1, 6, 1), (1, 7, 2), (2, 6, 1)])
    kept = prepare(data, min_sequence_length=2)
    assert _rows(kept) == [(1, 6, 1), (1, 7, 2)]
    data = _interactions([(1, 6, 1), (1, 7, 2), (2, 6, 1), (3, 7, 1)])
    assert _rows(prepare(data, min_item_count=2, min_sequence_length=2)) == [(1, 6, 1), (1, 7, 2)]


@pytest.mark.parametrize("off", [None, 0, 1])
def test_counts_up_to_one_are_off(off):
    data = _interactions([(1, 6, 1)])
    assert _rows(prepare(data, None, off, off, off)) == [(1, 6, 1)]
    assert _rows(prepare(data, min_rating=0)) == [(1, 6, 1)]


def test_the_given_table_is_left_alone():
    data = _interactions([(2, 9, 5), (1, 7, 3)])
    before = data.table.copy()
    prepare(data, min_item_count=1)
    pd.testing.assert_frame_equal(data.table, before)


def test_min_rating_needs_ratings():
    with pytest.raises(InputError, match="--min-rating 3: test.csv has no ratings.*--rating-col"):
        prepare(_interactions([(1, 6, 1)]), min_rating=3)


@pytest.mark.parametrize(
    "name", ["min_rating", "min_item_count", "min_user_count", "min_sequence_length"]
)
@pytest.mark.parametrize("value", [-1, float("nan")])
def test_a_negative_minimum_is_an_error(name, value):
    with pytest.raises(InputError, match=f"--{name.replace('_', '-')}: .*from 0 on.*{value}"):
        prepare(_interactions([(1, 6, 1)], rating=[3]), **{name: value})


def test_nothing_left_names_the_filters():
    data = _interactions([(1, 6, 1), (2, 7, 1)], rating=[3, 3])
    message = r"test.csv: no interaction is left of 2.*--min-rating 2.5, --min-item-count 2\."
    with pytest.raises(InputError, match=message):
        prepare(data, min_rating=2.5, min_item_count=2, min_sequence_length=1)
    with pytest.raises(InputError, match="left of 0.*Received: none"):
        prepare(_interactions([]))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 3)), min_size=1),
    items=st.integers(0, 4),
    users=st.integers(0, 4),
)
def test_the_core_meets_both_minima_and_is_the_largest(rows, items, users):
    try:
        kept = _rows(prepare(_interactions(rows), min_item_count=items, min_user_count=users))
    except InputError:
        kept = []
    if kept:
        table = pd.DataFrame(kept, columns=["user", "item", "time"])
        assert table["item"].value_counts().min() >= items
        assert table["user"].value_counts().min() >= users
        again = prepare(_interactions(kept), min_item_count=items, min_user_count=users)
        assert _rows(again) == kept
    assert len(kept) == _core_size(rows, items, users)


def _core_size(rows: list[tuple], items: int, users: int) -> int:
    """The size of the core, found by dropping one row after the other."""
    rows = list(dict.fromkeys(rows))  # without duplicates
    while True:
        for row in rows:
            same_user = sum(other[0] == row[0] for other in rows)
            same_item = sum(other[1] == row[1] for other in rows)
            if same_user < users or same_item < items:
                rows.remove(row)
                break
        else:
            return len(rows)


def test_the_published_ml_1m_split_is_reproduced(real_data):
    folder = real_data / "ml-1m"
    prepared = prepare(load_movielens("ml-1m", folder), min_item_count=5).table
    assert len(prepared) == 999_611
    assert prepared["user"].nunique() == 6_040 and prepared["item"].nunique() == 3_416
    read = {"sep": " ", "header": None, "names": ["new", "original"]}
    user_of = pd.read_csv(folder / "sas_to_original_users.txt", **read).set_index("original")["new"]
    item_of = pd.read_csv(folder / "sas_to_original_items.txt", **read).set_index("original")["new"]
    published = pd.read_csv(folder / "ml-1m.txt", sep=" ", header=None, names=["user", "item"])
    mapped = pd.DataFrame(
        {"user": prepared["user"].map(user_of), "item": prepared["item"].map(item_of)}
    )
    # The published file numbers users otherwise: a stable sort brings each to its place.
    mapped = mapped.sort_values("user", kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(mapped, published)
