"""Settings that cannot work are refused in one line each; so are flags that nothing would read."""

import math

import pytest

from seqrec_tf.errors import InputError
from seqrec_tf.options import override
from seqrec_tf.settings.checks import check_config, check_used
from seqrec_tf.settings.config import RunConfig, flag


@pytest.mark.parametrize(
    ("section", "field", "value", "expected"),
    [
        ("encoder", "window", 0, "at least 1"),
        ("encoder", "dim", 0, "at least 1"),
        ("encoder", "layers", 0, "at least 1"),
        ("encoder", "heads", 0, "at least 1"),
        ("encoder", "heads", 3, "a divisor of --dim 64"),
        ("encoder", "dropout", 1.0, "0 <= value < 1"),
        ("encoder", "dropout", -0.1, "0 <= value < 1"),
        ("encoder", "dropout", float("nan"), "0 <= value < 1"),
        ("training", "negatives", 0, "at least 1"),
        ("training", "batch_size", 0, "at least 1"),
        ("training", "epochs", 0, "at least 1"),
        ("training", "patience", 0, "at least 1"),
        ("training", "length_buckets", 0, "at least 1"),
        ("training", "seed", -1, "at least 0"),
        ("training", "seed", 2**32, "less than 2^32"),
        ("training", "learning_rate", 0.0, "a finite number > 0"),
        ("training", "learning_rate", float("nan"), "a finite number > 0"),
        ("training", "learning_rate", float("inf"), "a finite number > 0"),
        ("training", "beta_2", 1.0, "0 <= value < 1"),
        ("training", "average", 1.0, "0 <= value < 1"),
        ("training", "warmup", -0.5, "at least 0"),
        ("training", "min_steps", -1, "at least 0"),
        ("training", "validation_users", -1, "at least 0"),
        ("training", "score_penalty", -1.0, "at least 0"),
        ("training", "popularity_share", 1.5, "0 <= value <= 1"),
        ("training", "calibration", -0.1, "0 <= value <= 1"),
        ("encoder", "expansion", 0, "at least 1"),
    ],
)
def test_settings_that_cannot_work_are_refused(section, field, value, expected):
    with pytest.raises(InputError) as error:
        check_config(override(RunConfig(), {section: {field: value}}))
    assert str(error.value) == f"{flag(field)}: expected {expected}. Received: {value}."


def test_the_smallest_and_the_largest_settings_are_taken():
    smallest = {
        "encoder": {"window": 1, "dim": 1, "layers": 1, "heads": 1, "dropout": 0.0},
        "training": {"batch_size": 1, "epochs": 1, "patience": 1, "length_buckets": 1, "seed": 0},
    }
    check_config(override(RunConfig(), smallest))
    check_config(override(RunConfig(), {"encoder": {"heads": 64}}))


def test_heads_do_not_matter_to_a_network_without_them():
    check_config(override(RunConfig(), {"encoder": {"encoder": "gru4rec", "dim": 50, "heads": 4}}))


@pytest.mark.parametrize(
    ("encoder", "objective", "typed", "message"),
    [
        (
            "gru4rec",
            "bce",
            {"heads": 2},
            "--heads: expected --encoder sasrec or auto. Received: gru4rec.",
        ),
        (
            *("gru4rec", "bce", {"positions": "none"}),
            "--positions: expected --encoder sasrec or auto. Received: gru4rec.",
        ),
        (
            *("sasrec", "full-softmax", {"negatives": 5}),
            "--negatives: expected --objective bce or gbce or sampled-softmax or bpr-max. "
            "Received: full-softmax.",
        ),
        (
            *("sasrec", "gbce", {"popularity_share": 0.5}),
            "--popularity-share: expected --objective sampled-softmax or bpr-max. Received: gbce.",
        ),
        (
            *("gru4rec", "bpr-max", {"in_batch_negatives": True}),
            "--in-batch-negatives: expected --objective sampled-softmax. Received: bpr-max.",
        ),
        (
            *("sasrec", "bce", {"calibration": 1.0}),
            "--calibration: expected --objective gbce. Received: bce.",
        ),
        (
            *("sasrec", "bce", {"score_penalty": 1.0}),
            "--score-penalty: expected --objective bpr-max. Received: bce.",
        ),
        (
            *("sasrec", "sampled-softmax", {"label_smoothing": 0.1}),
            "--label-smoothing: expected --objective full-softmax or auto. "
            "Received: sampled-softmax.",
        ),
    ],
)
def test_a_flag_that_nothing_would_read_is_refused(encoder, objective, typed, message):
    chosen = {"encoder": {"encoder": encoder}, "training": {"objective": objective}}
    config = override(RunConfig(), chosen)
    with pytest.raises(InputError) as error:
        check_used(config, {"data": {}, "encoder": typed, "training": {}})
    assert str(error.value) == message
    check_used(config, {"data": {}, "encoder": {}, "training": {}})  # not typed, so not meant


def test_the_cuts_of_another_protocol_are_refused():
    given = {"data": {"test_from": 7.0}, "encoder": {}, "training": {}}
    check_used(override(RunConfig(), {"data": {"protocol": "PT"}}), given)
    with pytest.raises(InputError, match="--test-from: expected --protocol PT. Received: P1"):
        check_used(RunConfig(), given)


def test_days_and_cuts_exclude_each_other():
    config = override(RunConfig(), {"data": {"protocol": "PT"}})
    given = {"data": {"test_days": 14.0, "test_from": 3.0}, "encoder": {}, "training": {}}
    with pytest.raises(InputError, match="--test-from: expected either this or --test-days"):
        check_used(config, given)
    with pytest.raises(InputError, match="--test-days: expected --protocol PT. Received: P1"):
        check_used(RunConfig(), {"data": {"test_days": 14.0}, "encoder": {}, "training": {}})


@pytest.mark.parametrize("days", [0.0, -1.0, math.inf, math.nan])
def test_days_are_a_number_of_days(days):
    config = override(RunConfig(), {"data": {"protocol": "PT", "test_days": days}})
    with pytest.raises(InputError, match="--test-days: expected a finite number > 0"):
        check_config(config)


def test_flags_that_are_read_are_taken():
    config = override(RunConfig(), {"training": {"objective": "sampled-softmax"}})
    typed = {"negatives": 10, "popularity_share": 0.5, "in_batch_negatives": True}
    check_used(config, {"data": {}, "encoder": {"heads": 2}, "training": typed})
