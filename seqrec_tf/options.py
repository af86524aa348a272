"""Command-line flags made from the configuration's fields: one field, one flag, one help text."""

import argparse
import dataclasses
import types
import typing

from seqrec_tf.config import RunConfig, read_config, require_id_name
from seqrec_tf.errors import InputError
from seqrec_tf.recipes import apply_recipe


class Parser(argparse.ArgumentParser):
    """argparse that keeps examples as laid out, and whose error is one line and exit code 2."""

    def __init__(self, **arguments):
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # a flag cut short must not mean another one tomorrow
            **arguments,
        )

    def error(self, message: str) -> typing.NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def flag(name: str) -> str:
    """The flag of a config field: `batch_size` -> `--batch-size`."""
    return "--" + name.replace("_", "-")


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """One flag a config field, grouped by section; absent flags leave no trace in the namespace."""
    for section in dataclasses.fields(RunConfig):
        group = parser.add_argument_group(section.name, section.type.__doc__)
        for item in dataclasses.fields(section.type):
            group.add_argument(
                flag(item.name),
                dest=item.name,
                default=argparse.SUPPRESS,
                help=f"{item.metadata['help']} (default: {item.default})",
                **_value_options(item),
            )


def given_options(arguments: argparse.Namespace) -> dict[str, dict]:
    """The config flags a person typed, by section: `{"training": {"epochs": 10}, ...}`."""
    typed = vars(arguments)
    return {
        section.name: {
            item.name: typed[item.name]
            for item in dataclasses.fields(section.type)
            if item.name in typed
        }
        for section in dataclasses.fields(RunConfig)
    }


def build_config(arguments: argparse.Namespace) -> RunConfig:
    """Defaults, then `--config FILE` or the recipe, then explicit flags.

    A config file holds every setting of its recipe already, so the recipe is applied again only
    when `--recipe` asks for it.

    Raises:
        InputError: an unreadable or unknown setting, or one that makes no sense.
    """
    given = given_options(arguments)
    config = read_config(arguments.config) if arguments.config else RunConfig()
    config = override(config, {"data": given["data"]})
    recipe = given["training"].pop("recipe", None if arguments.config else "auto")
    if recipe:
        config = apply_recipe(config, recipe)
    config = override(config, given)
    check_config(config)
    return config


def override(config: RunConfig, given: dict[str, dict]) -> RunConfig:
    """`config` with the fields of `given` (section -> field -> value)."""
    sections = {
        name: dataclasses.replace(getattr(config, name), **values) for name, values in given.items()
    }
    return dataclasses.replace(config, **sections)


def check_config(config: RunConfig) -> None:
    """Refuse settings that cannot work.

    Raises:
        InputError: naming the flag, what it must be and what was received.
    """
    at_least = {
        "encoder": {"window": 1, "dim": 1, "layers": 1, "heads": 1},
        "training": {
            "negatives": 1, "batch_size": 1, "epochs": 1, "patience": 1, "length_buckets": 1,
            "seed": 0,
        },
    }  # fmt: skip
    for section, bounds in at_least.items():
        for name, least in bounds.items():
            value = getattr(getattr(config, section), name)
            if value < least:
                raise InputError(f"{flag(name)}: expected at least {least}. Received: {value}.")
    require_id_name(config.data.id_name)
    encoder, training = config.encoder, config.training
    if encoder.encoder == "sasrec" and encoder.dim % encoder.heads:
        raise InputError(
            f"--heads: expected a divisor of --dim {encoder.dim}. Received: {encoder.heads}."
        )
    if not 0 <= encoder.dropout < 1:
        raise InputError(f"--dropout: expected 0 <= rate < 1. Received: {encoder.dropout}.")
    if not training.learning_rate > 0:
        raise InputError(f"--learning-rate: expected > 0. Received: {training.learning_rate}.")
    if not 0 <= training.beta_2 < 1:
        raise InputError(f"--beta-2: expected 0 <= decay < 1. Received: {training.beta_2}.")
    _check_in_batch(config)


def _check_in_batch(config: RunConfig) -> None:
    """In-batch softmax compares every target of a batch with every other: bound the matrix."""
    training = config.training
    positions = config.encoder.window if training.examples == "positions" else 1
    if training.objective == "in-batch-softmax" and training.batch_size * positions > 16384:
        raise InputError(
            "--objective in-batch-softmax: expected at most 16384 targets a batch, because its "
            "logits grow with their square; lower --batch-size or --window, or use --examples "
            f"prefixes. Received: {training.batch_size * positions} targets."
        )


def _value_options(item: dataclasses.Field) -> dict:
    """How argparse reads the flag's value; a bool field has a `--no-` form instead of a value."""
    if item.type is bool:
        return {"action": argparse.BooleanOptionalAction}
    choices = item.metadata["choices"]
    metavar = None if choices else item.name.upper()
    return {"type": _value_type(item.type), "choices": choices, "metavar": metavar}


def _value_type(annotation) -> type:
    """The type of a flag's value: `int` for `int` and for `int | None`."""
    if isinstance(annotation, types.UnionType):
        return next(kind for kind in typing.get_args(annotation) if kind is not types.NoneType)
    return annotation
