"""The models below a folder, as `python -m export` writes it: `<name>/<version>/`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serving.deploy.batching import Advice, advise
from serving.models.versions import VersionDirectory, find_versions
from serving.protocol.errors import InputError

LITE_SUFFIX = "-lite"  # folders of LiteRT files, for phones
NOT_LOADED = "assets.extra"
NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*"


@dataclass(frozen=True)
class DeployedModel:
    """A model to serve.

    Attributes:
        name: its folder's name, and its name in URLs.
        version: its newest version.
        size: bytes of that version that a server loads.
        advice: what batching would do to each of its signatures.
    """

    name: str
    version: int
    size: int
    advice: list[Advice]


def find_models(folder: Path) -> list[DeployedModel]:
    """The models below a folder, in the order of names. Imports TensorFlow, to read signatures.

    Raises:
        InputError: no folder, no model in it, a version without SavedModel or one that cannot be
            read.
        OSError: something cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"--models: expected a folder of models. Received: {folder}")
    newest = [_newest(path) for path in _model_folders(folder)]
    if not newest:
        names = sorted(path.name for path in folder.iterdir())
        raise InputError(
            f"--models: expected MODEL/VERSION/saved_model.pb below {folder}, as `python -m "
            f"export` writes. Received: {', '.join(names[:5]) or 'an empty folder'}"
        )
    # Here, after the checks that need no TensorFlow.
    from serving.models.saved_model import read_definitions

    return [
        DeployedModel(
            directory.model,
            directory.version,
            _loaded_bytes(directory.path),
            advise(read_definitions(directory)),
        )
        for directory in newest
    ]


def _model_folders(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith(LITE_SUFFIX) or not path.is_dir():
            continue
        if not any(_is_number(below) for below in path.iterdir()):
            continue
        if not re.fullmatch(NAME, path.name):
            raise InputError(
                "--models: expected names of ASCII letters, digits, '-', '_' and '.'. "
                f"Received: {path.name!r}"
            )
        yield path


def _newest(path: Path) -> VersionDirectory:
    """The newest version; a broken one would stop a server that starts."""
    found = find_versions(path.name, path)
    if found and found[0].unreadable:
        raise InputError(f"{found[0].unreadable}; expected a version that can be read")
    for below in sorted(path.iterdir()):
        if _is_number(below) and below not in [directory.path for directory in found]:
            raise InputError(
                f"{below}: expected a version with saved_model.pb. Received: none there; remove "
                "it, or export again"
            )
    return found[0]


def _is_number(path: Path) -> bool:
    return path.is_dir() and path.name.isascii() and path.name.isdigit()


def _loaded_bytes(version: Path) -> int:
    return sum(
        path.stat().st_size
        for path in version.rglob("*")
        if path.is_file() and NOT_LOADED not in path.relative_to(version).parts
    )
