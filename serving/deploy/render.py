"""The templates: `%%{name}` stands for a value, so that `$` is free for the files themselves."""

import math
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

TEMPLATES = Path(__file__).with_name("templates")
YAML_SUFFIXES = (".yaml", ".yml")


class _Template(string.Template):
    delimiter = "%%"


def render(name: str, values: Mapping[str, object]) -> str:
    """A template with its values; in YAML as a YAML writer writes them.

    Args:
        name: path of the template below `templates/`.
        values: name -> value: text, whole numbers and lists of text.

    Raises:
        KeyError: a value is missing.
    """
    if name.endswith(YAML_SUFFIXES):
        values = {key: _yaml(value) for key, value in values.items()}
    return _Template((TEMPLATES / name).read_text(encoding="utf-8")).substitute(values)


def _yaml(value: object) -> str:
    """A value as it may stand anywhere in YAML; a number bare, so that a unit may follow it.

    Text is always in quotes: which words need them differs from reader to reader (`on`, `1e3`).
    """
    if isinstance(value, int):
        return str(value)
    options: dict[str, Any] = {"allow_unicode": True, "width": math.inf, "default_flow_style": True}
    return yaml.safe_dump(value, default_style='"', **options).strip()
