"""JSON files of a run or an export, written complete or not at all and read with care."""

import json
import os
from pathlib import Path

from seqrec_tf.errors import InputError


def read_json(path: Path) -> dict:
    """The object in a JSON file.

    Raises:
        InputError: the file holds no JSON object.
        OSError: it cannot be read.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}, line {error.lineno}: expected JSON. Received: {error.msg}."
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: expected JSON. Received: {error}.") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a JSON object. Received: {type(values).__name__}.")
    return values


def write_json(path: Path, values: dict, indent: int | None = 2) -> None:
    """Write JSON, complete or not at all; indented, unless only programs read it."""
    partial = path.with_name(f".{path.name}-partial")
    partial.write_text(json_text(values, indent), encoding="utf-8")
    os.replace(partial, path)


def json_text(values: dict, indent: int | None = 2) -> str:
    """What `write_json` writes."""
    return json.dumps(values, indent=indent) + "\n"
