"""The templates: `%%{name}` stands for a value, so that `$` is free for the files themselves."""

import string
from collections.abc import Mapping
from pathlib import Path

TEMPLATES = Path(__file__).with_name("templates")


class _Template(string.Template):
    delimiter = "%%"


def render(name: str, values: Mapping[str, object]) -> str:
    """A template with its values.

    Args:
        name: path of the template below `templates/`.
        values: name -> value; those that need quoting are JSON, which is YAML as well.

    Raises:
        KeyError: a value is missing.
    """
    return _Template((TEMPLATES / name).read_text(encoding="utf-8")).substitute(values)
