"""Training batches of a few histories whose items are numbered through: the next is row + 1."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.data.dataset import load_dataset
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import OBJECTIVES, DataConfig, EncoderConfig, TrainingConfig
from seqrec_tf.training import pipeline
from seqrec_tf.training.pipeline import bucket_widths, stretched, training_data

WINDOW, BATCH = 4, 3
LENGTHS = [3, 5, 9, 2, 7, 1, 4, 2, 6]
LIMITS = np.cumsum(LENGTHS)  # user u has the items LIMITS[u] - LENGTHS[u] + 1 .. LIMITS[u]
ITEMS = int(LIMITS[-1])
TRAINING = TrainingConfig(objective="bce", negatives=2, batch_size=BATCH, epochs=1, seed=5)


def _histories(lengths) -> tf.RaggedTensor:
    items = tf.range(1, sum(lengths) + 1, dtype=tf.int32)
    return tf.RaggedTensor.from_row_lengths(items, lengths)


def _batches(first_epoch: int = 0, **changes) -> list[dict[str, np.ndarray]]:
    """All batches: dicts with `rows`, `targets` and, where drawn, `negatives`."""
    training = dataclasses.replace(TRAINING, **changes)
    encoder = EncoderConfig(window=WINDOW)
    data = training_data(_histories(LENGTHS), ITEMS, encoder, training, first_epoch)
    batches = [{**inputs, "targets": targets} for inputs, targets in data.batches]
    assert len(batches) == data.steps_per_epoch * (training.epochs - first_epoch)
    real = sum(int(tf.math.count_nonzero(batch["targets"])) for batch in batches)
    assert real == data.targets_per_epoch * (training.epochs - first_epoch)
    return [{name: part.numpy() for name, part in batch.items()} for batch in batches]


def _examples(batches) -> list[tuple[list[int], list[int]]]:
    """(input rows, targets) of every example, without the padding on the right."""
    examples = []
    for batch in batches:
        for rows, targets in zip(batch["rows"], batch["targets"], strict=True):
            length = np.count_nonzero(rows)
            assert rows[:length].all() and not rows[length:].any() and not targets[length:].any()
            examples.append((rows[:length].tolist(), targets[:length].tolist()))
    return examples


def _assert_equal(left, right) -> None:
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def test_positions_are_the_most_recent_items_shifted_by_one():
    expected = []
    for length, limit in zip(LENGTHS, LIMITS, strict=True):
        count = min(length - 1, WINDOW)  # a history of one item has no next one
        rows = list(range(limit - count, limit))
        expected += [(rows, [row + 1 for row in rows])] if count else []
    examples = _examples(_batches())
    assert sorted(examples) == expected
    # The history of nine, items 9..17: inputs 13..16, not the oldest 9..12.
    assert ([13, 14, 15, 16], [14, 15, 16, 17]) in examples


def test_prefixes_have_one_target_each_and_only_its_own_past():
    expected = []
    for length, limit in zip(LENGTHS, LIMITS, strict=True):
        first = limit - length + 1
        for target in range(first + 1, limit + 1):
            rows = list(range(max(first, target - WINDOW), target))
            expected.append((rows, [0] * (len(rows) - 1) + [target]))
    assert sorted(_examples(_batches(examples="prefixes"))) == sorted(expected)


@pytest.mark.parametrize("examples", ["positions", "slices", "prefixes"])
def test_item_dropout_leaves_a_share_out_and_others_every_epoch(examples):
    """What is left keeps its order, and each input's target is what is left next."""
    training = dataclasses.replace(TRAINING, examples=examples, item_dropout=0.3, epochs=2)
    lengths = [WINDOW + 1] * 400
    data = training_data(_histories(lengths), sum(lengths), EncoderConfig(window=WINDOW), training)
    batches = [{**inputs, "targets": targets.numpy()} for inputs, targets in data.batches]
    epochs = [batches[: data.steps_per_epoch], batches[data.steps_per_epoch :]]
    kept = []
    for epoch in epochs:
        found = _left(epoch, one_target=examples == "prefixes")
        kept.append({item for items in found for item in items})
    assert kept[0] != kept[1]
    if examples == "positions":
        assert len(kept[0]) / sum(lengths) == pytest.approx(0.7, abs=0.05)


def _left(batches, one_target: bool) -> list[list[int]]:
    """The items of each example that was not left out whole."""
    found = []
    for batch in batches:
        for rows, targets in zip(batch["rows"].numpy(), batch["targets"], strict=True):
            rows, targets = rows[rows > 0], targets[targets > 0]
            assert list(rows) == sorted(rows)
            if len(rows):
                assert targets[-1] > rows[-1]
                assert one_target or (rows[1:] == targets[:-1]).all()
                found.append([*rows, targets[-1]])
    return found


@pytest.mark.parametrize(
    ("examples", "count"),
    # Eight histories have two items or more; every item but the nine first ones is a target.
    [("positions", 8), ("prefixes", ITEMS - 9)],
)
def test_steps_per_epoch(examples, count):
    batches = _batches(examples=examples)
    assert len(batches) == -(-count // BATCH)
    sizes = sorted(len(batch["rows"]) for batch in batches)
    assert sizes[1:] == [BATCH] * (len(batches) - 1)
    assert sum(sizes) == count


@pytest.mark.parametrize("examples", ["positions", "prefixes"])
def test_the_same_seed_gives_the_same_batches(examples):
    _assert_equal(_batches(examples=examples, epochs=2), _batches(examples=examples, epochs=2))


def test_another_seed_and_another_epoch_give_another_order():
    steps = len(_batches())
    two_epochs = _batches(epochs=2)
    first, second = _examples(two_epochs[:steps]), _examples(two_epochs[steps:])
    assert sorted(first) == sorted(second) and first != second
    other = _examples(_batches(seed=6))
    assert sorted(first) == sorted(other) and first != other


def test_negatives_are_drawn_anew_every_epoch():
    steps, epochs = len(_batches()), 6
    batches = _batches(epochs=epochs)
    drawn = {target: set() for target in range(1, ITEMS + 1)}
    for epoch in range(epochs):
        for batch in batches[epoch * steps : (epoch + 1) * steps]:
            for place in zip(*np.nonzero(batch["targets"]), strict=True):
                drawn[batch["targets"][place]].add(tuple(batch["negatives"][place]))
    pairs = [len(seen) for seen in drawn.values() if seen]
    # Six draws of two out of 38: that all are distinct is the rule.
    assert np.mean(pairs) > 5.5


@pytest.mark.parametrize("examples", ["positions", "prefixes"])
@pytest.mark.parametrize("done", [1, 3])
def test_a_resumed_run_sees_the_batches_of_the_remaining_epochs(examples, done):
    everything = _batches(examples=examples, epochs=4)
    steps = len(everything) // 4
    resumed = _batches(first_epoch=done, examples=examples, epochs=4)
    _assert_equal(resumed, everything[done * steps :])


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_negatives_are_drawn_for_a_target_or_for_a_batch_or_not_at_all(objective):
    for batch in _batches(objective=objective, negatives=7):
        assert {part.dtype for part in batch.values()} == {np.dtype(np.int32)}
        if objective in ("full-softmax", "in-batch-softmax"):
            assert set(batch) == {"rows", "targets"}
        else:
            shape = (*batch["targets"].shape, 7) if objective == "bce" else (7,)
            assert batch["negatives"].shape == shape


def test_negatives_of_a_batch_are_drawn_anew_every_step():
    batches = _batches(objective="gbce", negatives=9, epochs=4)
    assert len({tuple(batch["negatives"]) for batch in batches}) == len(batches)


def test_histories_of_one_item_are_refused():
    with pytest.raises(InputError, match="expected a history of at least 2 items"):
        training_data(_histories([1, 1]), 2, EncoderConfig(), TRAINING)


def test_bucket_widths_by_hand():
    # Of 1..8, the quarters end at places 1.75, 3.5, 5.25 and 7 (from 0), rounded up: 3, 5, 7, 8.
    assert bucket_widths(np.arange(1, 9), 4).tolist() == [3, 5, 7, 8]
    assert bucket_widths(np.array([2, 9, 4]), 1).tolist() == [9]
    assert bucket_widths(np.array([5, 5, 5, 5]), 4).tolist() == [5]


def _padded_share(histories, buckets: int, **settings) -> tuple[float, set[int]]:
    """Share of computed positions that are padding, over an epoch, and the batch widths."""
    training = TrainingConfig(epochs=1, length_buckets=buckets, **settings)
    items = int(tf.reduce_max(histories.flat_values))
    data = training_data(histories, items, EncoderConfig(window=200), training)
    rows = [inputs["rows"] for inputs, _ in data.batches]
    computed = sum(int(tf.size(batch)) for batch in rows)
    real = sum(int(tf.math.count_nonzero(batch)) for batch in rows)
    assert real == data.targets_per_epoch
    return 1 - real / computed, {batch.shape[1] for batch in rows}


def test_buckets_keep_padding_and_the_number_of_widths_small():
    # Lengths like those of ml-1m: median 96, at least 20, a long tail.
    lengths = np.random.default_rng(0).lognormal(np.log(96), 0.95, 3000).clip(20, 2300).astype(int)
    single, widths = _padded_share(_histories(lengths), 1)
    assert (widths, single > 0.3) == ({200}, True)
    bucketed, widths = _padded_share(_histories(lengths), 8)
    assert len(widths) <= 8 and max(widths) == 200
    assert bucketed <= 0.15


@pytest.mark.parametrize(("examples", "batch_size"), [("positions", 128), ("slices", 32)])
def test_padding_on_ml_1m(real_data, examples, batch_size):
    dataset = load_dataset(DataConfig(dataset="ml-1m", data_dir=str(real_data / "ml-1m")))
    settings = {"examples": examples, "batch_size": batch_size}
    padded, widths = _padded_share(dataset.split.training, 8, **settings)
    assert padded <= 0.15 and len(widths) <= 8


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"epochs": 12, "patience": 10}, (12, 10)),  # 9 steps an epoch
        ({"epochs": 12, "patience": 10, "min_steps": 216}, (72, 60)),
        ({"epochs": 12, "patience": None, "min_steps": 216}, (72, 12)),  # a sixth
        ({"epochs": 13, "patience": None}, (13, 3)),
        ({"epochs": 5, "patience": None}, (5, 3)),  # at least 3
    ],
)
def test_epochs_and_patience_of_small_data(changes, expected):
    training = dataclasses.replace(TRAINING, **changes)
    found = stretched(training, EncoderConfig(window=WINDOW), _histories(LENGTHS))
    assert (found.epochs, found.patience) == expected


@pytest.mark.parametrize(
    ("steps", "epochs", "large", "expected"),
    [(72, 30, False, 72), (20, 30, False, 30), (72, 90, True, 72), (0, 90, True, 12)],
)
def test_steps_that_follow_from_the_data(monkeypatch, steps, epochs, large, expected):
    """At least so many steps, and on small data so many epochs."""
    histories, encoder = _histories(LENGTHS), EncoderConfig(window=WINDOW)
    training = dataclasses.replace(TRAINING, epochs=12, patience=12, min_steps=None)
    data = training_data(histories, ITEMS, encoder, training)
    monkeypatch.setattr(pipeline, "LEAST_STEPS", steps * data.steps_per_epoch)
    monkeypatch.setattr(pipeline, "LEAST_SMALL_EPOCHS", epochs)
    monkeypatch.setattr(pipeline, "SMALL_DATA", sum(LENGTHS) + (not large))
    found = stretched(training, encoder, histories)
    assert (found.epochs, found.patience) == (expected, expected)
