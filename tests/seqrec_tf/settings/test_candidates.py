"""What a search may change, and what it leaves alone."""

import pytest

from seqrec_tf.errors import InputError
from seqrec_tf.options import build_config
from seqrec_tf.settings.candidates import ALTERNATIVES, alternatives, named, reads_times
from seqrec_tf.settings.config import EncoderConfig, RunConfig, TrainingConfig, override


def _config(candidates: str) -> RunConfig:
    return RunConfig(
        encoder=EncoderConfig(dropout=0.5), training=TrainingConfig(candidates=candidates)
    )


def test_each_differs_from_the_rules_in_one_setting():
    config = _config(",".join(ALTERNATIVES))
    assert alternatives(config) == [
        {"encoder": {"dropout": 0.2}},
        {"encoder": {"dim": 32}},
        {"encoder": {"gated": True}},
        {"training": {"learning_rate": 0.0005}},
        {"encoder": {"time_bias": True}},
    ]


@pytest.mark.parametrize(("given", "other"), [(0.2, 0.5), (0.5, 0.2), (0.0, 0.2)])
def test_the_other_dropout(given, other):
    config = RunConfig(
        encoder=EncoderConfig(dropout=given), training=TrainingConfig(candidates="dropout")
    )
    assert alternatives(config) == [{"encoder": {"dropout": other}}]


def test_names_are_read_as_people_write_them():
    assert named(" dropout, learning-rate,") == ["dropout", "learning_rate"]
    assert named("") == []


def test_a_name_that_is_none():
    with pytest.raises(InputError) as error:
        build_config({"training": {"candidates": "dropout,depth"}})
    assert str(error.value) == (
        "--candidates: expected some of dropout, dim, gated, learning_rate, time_bias, with commas "
        "between them. Received: 'depth'."
    )


def test_times_are_read_by_an_encoder_or_by_one_that_is_searched_for():
    plain = _config("dropout,time_bias")
    assert not reads_times(plain)
    assert reads_times(override(plain, {"training": {"search_minutes": 1.0}}))
    assert reads_times(override(plain, {"encoder": {"time_bias": True}}))
    assert not reads_times(override(_config("dropout"), {"training": {"search_minutes": 1.0}}))


def test_what_a_person_named_is_not_searched_over():
    asked = {"candidates": "dropout,gated"}
    base = build_config({"data": {"interactions": "log.csv"}, "training": asked})
    assert base.training.candidates == "dropout,gated"
    own = {"data": {"interactions": "log.csv"}}
    auto = named(build_config(own).training.candidates)
    assert "dropout" in auto
    said = build_config(own | {"encoder": {"dropout": 0.3}})
    assert named(said.training.candidates) == [name for name in auto if name != "dropout"]
