"""Flags: one a field, what each one refuses, and which source of a setting wins."""

import argparse
import dataclasses
from pathlib import Path

import pytest

from seqrec_tf.config import RunConfig
from seqrec_tf.errors import InputError
from seqrec_tf.options import (
    Parser,
    add_config_options,
    build_config,
    check_config,
    flag,
    given_options,
    override,
)
from seqrec_tf.run_directory import write_json

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
    return build_config(_parse(*argv))


@pytest.mark.parametrize(("section", "field"), FIELDS, ids=[field.name for _, field in FIELDS])
def test_every_field_is_a_flag(section, field):
    text = field.metadata["choices"][-1] if field.metadata["choices"] else "7"
    value = text if "str" in str(field.type) else 7
    given = given_options(_parse(flag(field.name), text))
    assert given == {"data": {}, "encoder": {}, "training": {}, section: {field.name: value}}


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
def test_auto_is_the_default_recipe_for_other_data(argv):
    config = _build(*argv)
    expected = dataclasses.replace(RunConfig().training, recipe="default")
    assert (config.training, config.encoder) == (expected, RunConfig().encoder)


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


@pytest.mark.parametrize(
    ("section", "field", "value", "expected"),
    [
        ("encoder", "window", 0, "at least 1"),
        ("encoder", "dim", 0, "at least 1"),
        ("encoder", "layers", 0, "at least 1"),
        ("encoder", "heads", 0, "at least 1"),
        ("encoder", "heads", 3, "a divisor of --dim 64"),
        ("encoder", "dropout", 1.0, "0 <= rate < 1"),
        ("encoder", "dropout", -0.1, "0 <= rate < 1"),
        ("encoder", "dropout", float("nan"), "0 <= rate < 1"),
        ("training", "negatives", 0, "at least 1"),
        ("training", "batch_size", 0, "at least 1"),
        ("training", "epochs", 0, "at least 1"),
        ("training", "patience", 0, "at least 1"),
        ("training", "length_buckets", 0, "at least 1"),
        ("training", "seed", -1, "at least 0"),
        ("training", "learning_rate", 0.0, "> 0"),
        ("training", "learning_rate", float("nan"), "> 0"),
        ("training", "beta_2", 1.0, "0 <= decay < 1"),
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
    ("examples", "window", "batch_size", "targets"),
    [
        ("positions", 128, 128, 16384),
        ("positions", 129, 128, 16512),
        ("prefixes", 500, 16384, 16384),
        ("prefixes", 500, 16385, 16385),
    ],
)
def test_in_batch_softmax_bounds_its_matrix(examples, window, batch_size, targets):
    training = {"objective": "in-batch-softmax", "examples": examples, "batch_size": batch_size}
    config = override(RunConfig(), {"encoder": {"window": window}, "training": training})
    if targets <= 16384:
        check_config(config)
        return
    with pytest.raises(InputError, match=f"expected at most 16384 .* Received: {targets} targets"):
        check_config(config)


def test_other_objectives_have_no_such_bound():
    check_config(override(RunConfig(), {"training": {"batch_size": 16385}}))
