"""`models.config`: every SavedModel below a folder, for a server's `--model_config_file`."""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from export.artifact.numbers import is_savedmodel, versions

NAME = "models.config"
MODEL_NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
HEADER = """\
# Written by `python -m export`; each export lists anew the models below this folder.
# tensorflow_model_server --rest_api_port=8501 --model_config_file=THIS_FILE
"""


def models_config(models: Iterable[Path]) -> str:
    """Its text, with the models by absolute path."""
    entries = "".join(
        f"""  config {{
    name: "{model.name}"
    base_path: {json.dumps(str(model.resolve()), ensure_ascii=False)}
    model_platform: "tensorflow"
  }}
"""
        for model in models
    )
    return f"{HEADER}model_config_list {{\n{entries}}}\n"


def served(output: Path, coming: set[Path]) -> Iterator[Path]:
    """Models with a version that a server can load, in the order of names.

    A model whose latest version is broken is served all the same, because a running server keeps
    the version before; but a server that starts would fail, so that is said on stderr.

    Args:
        output: the folder of all models.
        coming: folders of models that are about to get such a version.
    """
    for model in sorted(output.iterdir()):
        if not re.fullmatch(MODEL_NAME, model.name):
            continue
        found = [version for _, version in versions(model)]
        if model not in coming and not any(map(is_savedmodel, found)):
            continue
        if model not in coming and not is_savedmodel(found[-1]):
            print(
                f"warning: {found[-1]}: no saved_model.pb, and the latest version: a server that "
                f"starts with {output / NAME} would fail on it",
                file=sys.stderr,
            )
        yield model
