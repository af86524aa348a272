"""Training, validation and test parts of a few histories, cut by hand."""

import numpy as np
import tensorflow as tf
from helpers.tensors import ragged

from seqrec_tf.data.splits import Queries, leave_one_out_ends, split_at, time_ends


def _pairs(queries: Queries) -> list[tuple[list[int], int]]:
    """(history, target) of each query."""
    assert len(queries) == queries.histories.nrows()
    return list(zip(queries.histories.to_list(), queries.targets.numpy().tolist(), strict=True))


def _leave_one_out(lists: list[list[int]]):
    sequences = ragged(lists)
    return split_at(sequences, _places(sequences), *leave_one_out_ends(sequences.row_lengths()))


def _places(sequences: tf.RaggedTensor) -> tf.RaggedTensor:
    """Times of which each is another one."""
    return sequences.with_flat_values(tf.range(tf.size(sequences.flat_values), dtype=tf.int64))


def test_leave_one_out():
    split = _leave_one_out([[1, 2, 3, 4, 5], [6, 7, 8]])
    assert split.training.to_list() == [[1, 2, 3], [6]]
    assert _pairs(split.validation) == [([1, 2, 3], 4), ([6], 7)]
    assert _pairs(split.test) == [([1, 2, 3, 4], 5), ([6, 7], 8)]


def test_times_stay_with_their_items_and_the_last_is_the_targets():
    lists, times = [[1, 0, 3, 4, 0, 6], [7, 8, 9]], [[1, 2, 3, 4, 5, 6], [7, 8, 9]]
    sequences = ragged(lists)  # 0: not in the catalogue
    ends = leave_one_out_ends(sequences.row_lengths())
    split = split_at(sequences, ragged(times, tf.int64), *ends)
    assert split.training.to_list() == [[1, 3, 4], [7]]
    assert split.times.to_list() == [[1, 3, 4], [7]]
    assert split.validation.times.to_list() == [[1, 3, 4, 5], [7, 8]]
    assert split.test.times.to_list() == [[1, 3, 4, 6], [7, 8, 9]]


def test_users_with_fewer_than_three_items_have_no_query_and_train_with_all_they_have():
    split = _leave_one_out([[1, 2], [3, 4, 5], [6], [7, 8]])
    assert split.training.to_list() == [[1, 2], [3], [6], [7, 8]]
    assert _pairs(split.validation) == [([3], 4)]
    assert _pairs(split.test) == [([3, 4], 5)]


def test_neither_target_is_ever_trained_on():
    lists = [list(range(100 * user, 100 * user + 3 + user)) for user in range(1, 20)]
    split = _leave_one_out(lists)
    held_out = {item for sequence in lists for item in sequence[-2:]}
    assert set(split.validation.targets.numpy()) | set(split.test.targets.numpy()) == held_out
    assert not held_out & set(split.training.flat_values.numpy())


CUTS = 10.0, 20.0  # validation is [10, 20), the test begins at 20


def _by_time(lists: list[list[int]], times: list[list[float]]):
    seen = ragged(times, tf.float64)
    whole = seen.with_flat_values(tf.cast(seen.flat_values, tf.int64))
    return split_at(ragged(lists), whole, *time_ends(seen, *CUTS))


def test_global_time_split_takes_the_last_item_of_each_period():
    split = _by_time([[1, 2, 3, 4, 5, 6, 7]], [[1, 2, 9.9, 10, 19.9, 20, 30]])
    assert split.training.to_list() == [[1, 2, 3]]
    assert _pairs(split.validation) == [([1, 2, 3, 4], 5)]
    assert _pairs(split.test) == [([1, 2, 3, 4, 5, 6], 7)]


def test_whose_history_began_in_training_and_who_has_none():
    lists = [[1, 2, 3], [4, 5, 6], [7], [0, 8]]  # 0: not in the catalogue
    times = [[1, 15, 25], [12, 15, 25], [25], [2, 25]]
    test = _by_time(lists, times).test
    assert _pairs(test) == [([1, 2], 3), ([4, 5], 6)]
    assert test.trained.tolist() == [True, False] and test.unasked == 2
    assert test.sample(1, seed=0).trained.shape == (1,)


def test_users_without_anything_in_a_period_have_no_query_there():
    lists = [[1, 2], [3, 4], [5, 6], [7, 8, 9]]
    times = [[1, 2], [1, 15], [1, 25], [2, 12, 22]]
    split = _by_time(lists, times)
    assert split.training.to_list() == [[1, 2], [3], [5], [7]]
    assert _pairs(split.validation) == [([3], 4), ([7], 8)]
    assert _pairs(split.test) == [([5], 6), ([7, 8], 9)]


def test_no_interaction_at_or_after_the_cut_is_trained_on():
    generator = np.random.default_rng(0)
    times = [np.sort(generator.uniform(0, 30, size=20)).tolist() for _ in range(30)]
    lists = [list(range(20 * user + 1, 20 * user + 21)) for user in range(30)]
    early = np.concatenate(lists)[np.concatenate(times) < 10].tolist()
    assert _by_time(lists, times).training.flat_values.numpy().tolist() == early


def test_unknown_items_are_row_0_as_targets_and_left_out_of_histories():
    # Row 0 is an item that the training part does not have.
    split = _by_time([[1, 2, 0, 3, 0], [4, 0, 0]], [[1, 2, 11, 12, 21], [3, 13, 23]])
    assert split.training.to_list() == [[1, 2], [4]]
    assert _pairs(split.validation) == [([1, 2], 3), ([4], 0)]
    assert _pairs(split.test) == [([1, 2, 3], 0), ([4], 0)]


def _numbered(count: int) -> Queries:
    """Queries whose history is their target, so that a mixed-up pair would show."""
    return Queries(ragged([[number] for number in range(count)]), tf.range(count))


def test_a_sample_of_queries_keeps_each_history_with_its_target():
    sample = _pairs(_numbered(100).sample(30, seed=1))
    assert len(sample) == 30 == len({target for _, target in sample})  # nobody twice
    assert all(history == [target] for history, target in sample)
    assert sample == _pairs(_numbered(100).sample(30, seed=1))
    assert sample != _pairs(_numbered(100).sample(30, seed=2))


def test_everybody_is_sampled_in_the_long_run():
    seen = {target for seed in range(40) for _, target in _pairs(_numbered(20).sample(5, seed))}
    assert seen == set(range(20))


def test_no_sample_and_too_large_a_sample_are_all_queries():
    for count in (0, 20, 21):
        assert _pairs(_numbered(20).sample(count, seed=1)) == _pairs(_numbered(20))


def test_users_without_a_known_history_are_dropped():
    split = _by_time([[1], [0, 2], [3, 1]], [[15], [15, 25], [1, 25]])
    assert split.training.to_list() == [[], [], [3]]
    assert _pairs(split.validation) == []
    assert _pairs(split.test) == [([3], 1)]
