"""Flags: one a field, what each one refuses, and which source of a setting wins."""

import argparse
import dataclasses
from pathlib import Path

import pytest

from seqrec_tf.command import Parser
from seqrec_tf.json_files import write_json
from seqrec_tf.options import (
    add_config_options,
    build_config,
    given_options,
)
from seqrec_tf.settings.config import RunConfig, flag, override

FIELDS = [
    (section.name, field)
    for section in dataclasses.fields(RunConfig)
    for field in dataclasses.fields(section.type)
]


def _parse(*argv: str) -> argparse.Namespace:
    parser = Parser()
    parser.add_argument("--config", type=Path)
    add_config_options(parser)
    return parser.parse_args([str(word) for word in argv])


def _build(*argv) -> RunConfig:
    arguments = _parse(*argv)
    return build_config(given_options(vars(arguments)), arguments.config)


@pytest.mark.parametrize(("section", "field"), FIELDS, ids=[field.name for _, field in FIELDS])
def test_every_field_is_a_flag(section, field):
    if field.type is bool:
        given, value = given_options(vars(_parse(flag(field.name)))), True
    else:
        text = field.metadata["choices"][-1] if field.metadata["choices"] else "7"
        value = text if "str" in str(field.type) else 7
        given = given_options(vars(_parse(flag(field.name), text)))
    assert given == {"data": {}, "encoder": {}, "training": {}, section: {field.name: value}}


def test_a_yes_or_no_setting_has_a_flag_for_either():
    assert _build("--no-tied").encoder.tied is False
    assert _build("--tied", "--recipe", "keras-io-gru4rec").encoder.tied is True


def test_flags_are_kebab_case():
    assert flag("min_item_count") == "--min-item-count"


def test_without_flags_the_demo_is_trained_with_its_recipe():
    config = _build()
    assert config.training.recipe == "demo"
    assert (config.encoder.heads, config.training.batch_size) == (4, 32)
    assert config.encoder.window == RunConfig().encoder.window  # the recipe does not set it


@pytest.mark.parametrize(
    "argv", [["--dataset", "ml-1m"], ["--interactions", "log.csv"]], ids=["dataset", "own log"]
)
def test_auto_adapts_to_other_data(argv):
    config = _build(*argv)
    assert config.training.recipe == "auto" and config.encoder.blend
    assert (config.encoder.dropout, config.training.patience) == (None, None)  # the data decides
    gru4rec = _build(*argv, "--encoder", "gru4rec", "--dropout", "0.1", "--no-blend")
    assert (gru4rec.training.recipe, gru4rec.encoder.encoder) == ("auto", "gru4rec")
    assert (gru4rec.encoder.dropout, gru4rec.encoder.blend) == (0.1, False)


def test_typed_epochs_are_not_stretched():
    data = ("--dataset", "ml-1m")
    assert _build(*data).training.min_steps is None
    assert _build(*data, "--epochs", "2").training.min_steps == 0
    assert _build(*data, "--epochs", "2", "--min-steps", "9").training.min_steps == 9


def test_flags_win_over_the_recipe_and_the_recipe_over_the_defaults():
    config = _build("--recipe", "keras-io-sasrec", "--dim", "16", "--optimizer", "adamw")
    assert (config.encoder.dim, config.training.optimizer) == (16, "adamw")  # flags
    assert (config.encoder.window, config.training.beta_2) == (200, 0.98)  # recipe
    assert config.training.epochs == RunConfig().training.epochs  # default
    assert config.training.recipe == "keras-io-sasrec"


def test_a_config_file_is_not_overridden_by_a_recipe(tmp_path):
    path = tmp_path / "config.json"
    kept = override(RunConfig(), {"encoder": {"dim": 24}, "training": {"batch_size": 5}})
    write_json(path, kept.as_dict())
    assert _build("--config", path) == kept
    assert _build("--config", path, "--epochs", "3") == override(kept, {"training": {"epochs": 3}})


def test_a_recipe_that_is_asked_for_wins_over_the_config_file(tmp_path):
    path = tmp_path / "config.json"
    write_json(path, override(RunConfig(), {"encoder": {"dim": 24, "layers": 7}}).as_dict())
    config = _build("--config", path, "--recipe", "keras-io-sasrec", "--layers", "3")
    assert (config.encoder.dim, config.encoder.layers) == (50, 3)
