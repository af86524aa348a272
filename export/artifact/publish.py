"""Publish staged folders as the next version: all there or not there, never overwritten.

TensorFlow Serving takes whatever has an integer for a name below a model's folder for a version,
and ignores other names. So an artifact is built under a name that starts with a dot
(`export.artifact.staging`), written through to disk, and renamed.
"""

import os
import re
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from export.artifact import models_config
from export.artifact.numbers import LITE_SUFFIX, is_savedmodel, next_version
from seqrec_tf import interrupts
from seqrec_tf.errors import InputError
from seqrec_tf.folders import locked, sync, sync_entry

EVERYTHING = os.R_OK | os.W_OK | os.X_OK


def publish(staged: dict[Path, Path], output: Path) -> list[Path]:
    """Rename each staged folder to the next version of its model; all get the same number.

    If anything fails, what was renamed already is taken back.

    Args:
        staged: staged folder -> folder of the model, below `output`.
        output: the folder of all models; locked meanwhile, so that two exporters take turns.

    Returns:
        The version folders, in the order of `staged`.

    Raises:
        InputError: see `require_publishable`.
    """
    models = list(staged.values())
    for folder in staged:
        _open_to_readers(folder)
        sync(folder)
    with locked(output), interrupts.deferred(), ExitStack() as undo:
        require_publishable(models)
        version = str(next_version(models))
        for model in models:
            if not model.exists():
                model.mkdir()
                undo.callback(model.rmdir)
        # A full disk shows here, before anything can be seen.
        config = output / f".{models_config.NAME}-partial"
        undo.callback(config.unlink, missing_ok=True)
        coming = {model for folder, model in staged.items() if is_savedmodel(folder)}
        text = models_config.models_config(models_config.served(output, coming))
        config.write_text(text, encoding="utf-8")
        sync_entry(config)
        for folder, model in staged.items():
            os.rename(folder, model / version)
            undo.callback(os.rename, model / version, folder)
            sync_entry(model)
        sync_entry(output)
        os.replace(config, output / models_config.NAME)
        undo.pop_all()
        sync_entry(output)
    return [model / version for model in models]


def require_publishable(models: Iterable[Path]) -> None:
    """Find what would make `publish` fail, before the work of building and proving.

    Args:
        models: the folders of the models.

    Raises:
        InputError: something else has a model's name, its folder cannot be written, or its
            version numbers are used up.
    """
    for model in models:
        if os.path.lexists(model) and not model.is_dir():
            raise InputError(
                f"--name: expected {model} to be a folder of versions, or not to be there. "
                "Received: something else of that name."
            )
        if model.is_dir() and not os.access(model, EVERYTHING, effective_ids=True):
            raise InputError(
                f"--name: expected {model} to be a folder that can be read and written. "
                "Received: Permission denied."
            )
        next_version([model])


def require_model_name(name: str) -> str:
    """`name`, if it can stand in a REST URL and in a path, beside the LiteRT file's folder.

    Raises:
        InputError: it cannot.
    """
    taken = name.endswith((LITE_SUFFIX, ".config"))
    if taken or not re.fullmatch(models_config.MODEL_NAME, name):
        raise InputError(
            "--name: expected ASCII letters, digits, '-', '_' and '.', not starting with '.' or "
            f"'-', and not ending in -lite or .config, which stand for other things. "
            f"Received: {name!r}."
        )
    return name


def _open_to_readers(folder: Path) -> None:
    """Temporary folders are private; a server often runs as another user."""
    folder.chmod(0o755)
