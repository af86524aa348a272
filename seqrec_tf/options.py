"""Command-line flags made from the configuration's fields: one field, one flag, one help text."""

import argparse
import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path

from seqrec_tf.errors import InputError
from seqrec_tf.runs.directory import require_finished, resolve_run
from seqrec_tf.runs.search import chosen_settings
from seqrec_tf.settings.candidates import without_typed
from seqrec_tf.settings.checks import check_config, check_used
from seqrec_tf.settings.config import DataConfig, EncoderConfig, RunConfig, Sections, flag, override
from seqrec_tf.settings.config_files import read_asked
from seqrec_tf.settings.recipes import apply_recipe


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """One flag a config field, grouped by section; absent flags leave no trace in the namespace."""
    for name, section in typing.get_type_hints(RunConfig).items():
        group = parser.add_argument_group(name, section.__doc__)
        for item in dataclasses.fields(section):
            group.add_argument(
                flag(item.name),
                dest=item.name,
                default=argparse.SUPPRESS,
                help=f"{item.metadata['help']} (default: {item.default})",
                **_value_options(item),
            )


def given_options(typed: Mapping[str, object]) -> Sections:
    """Those of `typed` that are config fields, by section: `{"training": {"epochs": 10}, ...}`."""
    return {
        name: {
            item.name: typed[item.name]
            for item in dataclasses.fields(section)
            if item.name in typed
        }
        for name, section in typing.get_type_hints(RunConfig).items()
    }


def build_config(given: Sections, config_file: Path | None = None) -> RunConfig:
    """Defaults, then `--config FILE`, `--continue-from RUN` or the recipe, then explicit flags.

    A config file holds every setting of its recipe already, so the recipe is applied again only
    when `--recipe` asks for it. Of a run's it takes what was asked for, so that what follows from
    the data follows from this one's.

    Args:
        given: the flags that a person typed, as `given_options` gives them.
        config_file: of `--config`.

    Raises:
        InputError: an unreadable or unknown setting, or one that makes no sense.
    """
    given = {item.name: dict(given.get(item.name, {})) for item in dataclasses.fields(RunConfig)}
    base = _base(config_file, given["training"])
    config = base or RunConfig()
    config = override(config, {"data": _one_source(given["data"])})
    recipe = given["training"].pop("recipe", None if base else "auto")
    if recipe:
        config = apply_recipe(config, recipe, given["encoder"].get("encoder"))
    if "epochs" in given["training"]:  # typed epochs are meant as typed
        config = override(config, {"training": {"min_steps": 0}})
    config = without_typed(override(config, given), given)
    if base and "continue_from" in given["training"]:
        _require_same_encoder(config.encoder, base.encoder)
    check_config(config)
    check_used(config, given)
    return config


def _base(config_file: Path | None, training: dict) -> RunConfig | None:
    """The file or the run whose settings are taken; of the run, the name that is no link."""
    if "continue_from" not in training:
        return read_asked(config_file) if config_file else None
    if config_file:
        raise InputError(
            "--continue-from and --config: expected one of them, since a run has a config.json of "
            f"its own. Received: --config {config_file}."
        )
    run = require_finished(resolve_run(Path(training["continue_from"])))
    training["continue_from"] = str(run)
    return override(read_asked(run / "config.json"), chosen_settings(run))


def _one_source(data: dict) -> dict:
    """A typed source of data replaces the one that the base configuration has."""
    none = DataConfig()
    own = {"interactions": None, "titles": None, "category_column": None}
    if "interactions" in data:
        return {"dataset": none.dataset, "tfds": None, "data_dir": None} | data
    if "tfds" in data:
        return own | {"dataset": none.dataset, "data_dir": None} | data
    if "dataset" in data:
        return own | {"tfds": None} | data
    return data


def _require_same_encoder(wanted: EncoderConfig, kept: EncoderConfig) -> None:
    for item in dataclasses.fields(EncoderConfig):
        value, expected = getattr(wanted, item.name), getattr(kept, item.name)
        if item.name != "dropout" and value != expected:
            raise InputError(
                f"{flag(item.name)}: --continue-from keeps the encoder; expected {expected!r}. "
                f"Received: {value!r}."
            )


def _value_options(item: dataclasses.Field) -> dict[str, typing.Any]:
    """How argparse reads the flag's value; a bool field has a `--no-` form instead of a value."""
    if item.type is bool:
        return {"action": argparse.BooleanOptionalAction}
    choices = item.metadata["choices"]
    metavar = None if choices else item.name.upper()
    return {"type": _value_type(item.type), "choices": choices, "metavar": metavar}


def _value_type(annotation: object) -> type:
    """The type of a flag's value: `int` for `int` and for `int | None`."""
    kinds: tuple[typing.Any, ...] = typing.get_args(annotation) or (annotation,)
    return next(kind for kind in kinds if kind is not types.NoneType)
