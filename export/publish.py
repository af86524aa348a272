"""Publish staged folders as the next version: all there or not there, never overwritten.

TensorFlow Serving takes every folder with an integer name below a model's folder for a version,
and ignores other names. So an artifact is built under a name that starts with a dot, written
through to disk, and renamed.
"""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqrec_tf.errors import InputError

CONFIG_HEADER = """\
# Written by `python -m export`; each export lists anew the models below this folder.
# tensorflow_model_server --rest_api_port=8501 --model_config_file=THIS_FILE
"""


@contextmanager
def staging_folder(output: Path) -> Iterator[Path]:
    """A folder beside the models, on the same file system; gone afterwards."""
    output.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".staging-", dir=output))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(staged: dict[Path, Path], output: Path) -> list[Path]:
    """Rename each staged folder to the next version of its model; all get the same number.

    Args:
        staged: staged folder -> folder of the model, below `output`.
        output: the folder of all models; locked meanwhile, so that two exporters take turns.

    Returns:
        The version folders, in the order of `staged`.
    """
    for folder in staged:
        _open_to_readers(folder)
        _sync(folder)
    with _lock(output):
        version = next_version(staged.values())
        published = []
        for folder, model in staged.items():
            model.mkdir(exist_ok=True)
            os.rename(folder, model / str(version))
            _sync_entry(model)
            published.append(model / str(version))
        _write_models_config(output)
    return published


def next_version(models) -> int:
    """One more than the largest version of any of the model folders; 1 if there is none."""
    return 1 + max((number for model in models for number in versions(model)), default=0)


def versions(model: Path) -> list[int]:
    """Version numbers below a model's folder, ascending."""
    if not model.is_dir():
        return []
    return sorted(int(entry.name) for entry in model.iterdir() if entry.name.isdecimal())


def require_model_name(name: str) -> str:
    """`name`, if it can stand in a REST URL and in a path, beside the LiteRT file's folder.

    Raises:
        InputError: it cannot.
    """
    if not re.fullmatch("[A-Za-z0-9_][A-Za-z0-9_.-]*", name) or name.endswith(("-lite", ".config")):
        raise InputError(
            "--name: expected ASCII letters, digits, '-', '_' and '.', not starting with '.' or "
            f"'-', and not ending in -lite or .config, which stand for other things. "
            f"Received: {name!r}."
        )
    return name


def _write_models_config(output: Path) -> None:
    """`models.config` for a real server: every model below `output`, by absolute path."""
    served = sorted(
        {saved.parent.parent for saved in output.glob("*/*/saved_model.pb")},
    )
    entries = "".join(
        f"""  config {{
    name: "{model.name}"
    base_path: {json.dumps(str(model.resolve()), ensure_ascii=False)}
    model_platform: "tensorflow"
  }}
"""
        for model in served
        if versions(model)
    )
    partial = output / ".models.config-partial"
    partial.write_text(f"{CONFIG_HEADER}model_config_list {{\n{entries}}}\n", encoding="utf-8")
    os.replace(partial, output / "models.config")


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _open_to_readers(folder: Path) -> None:
    """Temporary folders are private; a server often runs as another user."""
    folder.chmod(0o755)


def _sync(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        _sync_entry(path)


def _sync_entry(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
