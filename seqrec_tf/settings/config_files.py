"""`config.json`: the settings in force, and as `asked` those that data and rules filled in."""

import dataclasses
import typing
from pathlib import Path
from typing import Any

from seqrec_tf.json_files import read_json
from seqrec_tf.settings.config import RunConfig, Sections, reject_unknown


def read_config(path: Path) -> RunConfig:
    """Read a `config.json`: the settings that were in force.

    Raises:
        InputError: not JSON, an unknown key, or a value of another type or choice.
    """
    return RunConfig.from_dict(_split_asked(path)[0], str(path))


def read_asked(path: Path) -> RunConfig:
    """Read a `config.json`: what was asked for, before data and `--min-steps` filled it in.

    Raises:
        InputError: as `read_config`.
    """
    values, asked = _split_asked(path)
    in_force = RunConfig.from_dict(values, str(path)).as_dict()
    return RunConfig.from_dict(
        {name: section | asked.get(name, {}) for name, section in in_force.items()}, str(path)
    )


def with_asked(config: RunConfig, asked: RunConfig) -> Sections:
    """The content of `config.json`: all settings, and as `asked` those that were derived.

    Args:
        config: the settings in force.
        asked: what a person, a recipe and the defaults asked for.
    """
    values, wanted = config.as_dict(), asked.as_dict()
    derived = {
        section: {name: value for name, value in wanted[section].items() if value != known[name]}
        for section, known in values.items()
    }
    return values | {"asked": {section: names for section, names in derived.items() if names}}


def _split_asked(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    values = read_json(path)
    asked = values.pop("asked", {})
    place = f"{path}, section 'asked'"
    sections = typing.get_type_hints(RunConfig)
    reject_unknown(asked, sections, place, "section")
    for name, section in asked.items():
        known = {item.name for item in dataclasses.fields(sections[name])}
        reject_unknown(section, known, f"{place}, section {name!r}", "key")
    return values, asked
