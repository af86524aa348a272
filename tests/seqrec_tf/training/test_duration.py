"""How long a resumed run trains: what is typed is meant as typed, and nothing grows by itself."""

import math
from dataclasses import replace

import pytest

from seqrec_tf.errors import InputError
from seqrec_tf.json_files import write_json
from seqrec_tf.settings.config import RunConfig, TrainingConfig
from seqrec_tf.settings.config_files import read_asked, read_config, with_asked
from seqrec_tf.training.duration import Duration, resumed_config

STEPS = 3  # an epoch
ASKED = TrainingConfig(epochs=12, patience=10, min_steps=4000, schedule="constant")


def _stretch(training: TrainingConfig) -> TrainingConfig:
    """As `seqrec_tf.training.pipeline.stretched` does for data of three steps an epoch."""
    factor = max(training.min_steps / (training.epochs * STEPS), 1)
    epochs, patience = (math.ceil(n * factor) for n in (training.epochs, training.patience))
    return replace(training, epochs=epochs, patience=patience)


START = Duration(ASKED, _stretch(ASKED))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        # 4,000 / (12 * 3) = 111.1 times as long
        ({}, (1334, 1112)),
        ({"epochs": 40}, (40, 1112)),
        ({"epochs": 1334}, (1334, 1112)),
        ({"patience": 5}, (1334, 5)),
        ({"epochs": 40, "patience": 5}, (40, 5)),
        ({"min_steps": 0}, (12, 10)),
        ({"min_steps": 3600}, (1200, 1000)),
        ({"epochs": 40, "min_steps": 240}, (80, 20)),
        ({"batch_size": 7}, (1334, 1112)),  # another setting, which is kept anyway
    ],
)
def test_resuming_twice_gives_the_same_as_once(typed, expected):
    duration = START
    for again in (typed, typed, {}, {}):
        duration = duration.prolonged(again, _stretch)
        training = duration.in_force
        assert (training.epochs, training.patience) == expected
        assert training == _stretch(duration.to_repeat)  # what --config of its file gives
        assert training.batch_size == ASKED.batch_size


def test_more_and_more_epochs_leave_the_patience_alone():
    duration = START
    for epochs in (20, 40, 80, 5):
        duration = duration.prolonged({"epochs": epochs}, _stretch)
        assert (duration.in_force.epochs, duration.in_force.patience) == (epochs, 1112)


def test_what_was_stretched_is_never_stretched_again():
    duration = START
    for _ in range(3):
        duration = duration.prolonged({"epochs": 40}, _stretch)
        duration = duration.prolonged({"min_steps": 240}, _stretch)
        assert (duration.in_force.epochs, duration.in_force.patience) == (80, 20)


def test_the_file_holds_what_is_in_force_and_what_was_asked_for(tmp_path):
    path, asked = tmp_path / "config.json", RunConfig(training=ASKED)
    config = replace(asked, training=_stretch(ASKED), data=replace(asked.data, id_type="int64"))
    values = with_asked(config, asked)
    assert (values["training"]["epochs"], values["training"]["patience"]) == (1334, 1112)
    assert values["asked"] == {
        "data": {"id_type": "auto"},
        "training": {"epochs": 12, "patience": 10},
    }
    write_json(path, values)
    assert (read_config(path), read_asked(path)) == (config, asked)
    write_json(path, with_asked(asked, asked))
    assert read_config(path) == read_asked(path) == asked


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"training": {"epoch": 3}}, "unknown key 'epoch'"),
        ({"optimizer": {}}, "section 'asked': unknown section 'optimizer'"),
        ({"training": {"epochs": "3"}}, "key 'epochs': expected int. Received: '3'"),
        ({"training": 3}, "section 'asked', section 'training': expected a JSON object. Received"),
        ([], "section 'asked': expected a JSON object. Received: list"),
    ],
)
def test_what_was_asked_for_is_read_with_care(tmp_path, asked, message):
    write_json(tmp_path / "config.json", RunConfig().as_dict() | {"asked": asked})
    with pytest.raises(InputError, match=message):
        read_asked(tmp_path / "config.json")
    write_json(tmp_path / "config.json", {"data": 3, "asked": {}})
    with pytest.raises(InputError, match="section 'data': expected a JSON object. Received: int"):
        read_asked(tmp_path / "config.json")


@pytest.fixture
def run(tmp_path):
    """A run that was last asked to go on to epoch 30."""
    (tmp_path / "checkpoint").mkdir()
    config = RunConfig(training=replace(ASKED, seed=3))
    in_force = replace(config, data=replace(config.data, id_type="int64"))
    write_json(tmp_path / "config.json", with_asked(in_force, config))
    lengths = {"epochs": 30, "patience": 10, "min_steps": 0}
    duration = {"asked": lengths, "in_force": lengths | {"patience": 99}}
    write_json(tmp_path / "checkpoint/state.json", {"duration": duration, "history": []})
    return tmp_path


def _given(**training) -> dict:
    return {"data": {}, "encoder": {}, "training": training}


def test_a_killed_run_remembers_how_long_it_was_to_train(run):
    config, duration = resumed_config(run, _given())
    assert config.training == duration.in_force
    assert duration.as_dict() == {
        "asked": {"epochs": 30, "patience": 10, "min_steps": 0},
        "in_force": {"epochs": 30, "patience": 99, "min_steps": 0},
    }


def test_a_run_from_before_that_goes_on_as_its_config_says(run):
    write_json(run / "checkpoint/state.json", {"history": []})
    write_json(run / "config.json", RunConfig(training=ASKED).as_dict())
    config, duration = resumed_config(run, _given())
    assert config.training == duration.asked == duration.in_force == ASKED


def test_settings_in_force_and_asked_for_may_be_typed_again(run):
    for id_type in ("int64", "auto"):
        resumed_config(run, {"data": {"id_type": id_type}, "encoder": {}, "training": {}})
    with pytest.raises(InputError, match="--id-type: a resumed run keeps .* Received: 'string'"):
        resumed_config(run, {"data": {"id_type": "string"}, "encoder": {}, "training": {}})
    with pytest.raises(InputError, match="--seed: a resumed run keeps .* expected 3"):
        resumed_config(run, _given(seed=4))


@pytest.mark.parametrize("typed", [{"epochs": 40}, {"min_steps": 40}])
def test_a_rate_that_falls_over_the_epochs_keeps_their_number(run, typed):
    values = RunConfig(training=replace(ASKED, schedule="cosine")).as_dict()
    write_json(run / "config.json", values)
    with pytest.raises(InputError, match="lays its learning rate out over its epochs"):
        resumed_config(run, _given(**typed))
    assert resumed_config(run, _given(patience=3))[0].training.schedule == "cosine"
