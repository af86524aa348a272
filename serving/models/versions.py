"""Version directories on disk: which versions of a model there are, and which is newest.

What cannot be read is told from what is not there: a folder without permission, a loop of links or
a disk that fails is a version that cannot be served now, and the versions beside it can.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from serving.models.model_config import ModelConfig
from serving.protocol.errors import InputError
from serving.protocol.urls import LARGEST_VERSION

SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


@dataclass(frozen=True)
class VersionDirectory:
    """One version of a model on disk.

    Attributes:
        model: the name under which it is served.
        version: the directory's name as a number.
        path: the directory, which holds a SavedModel.
        unreadable: why it cannot be read; "" if it can.
    """

    model: str
    version: int
    path: Path
    unreadable: str = ""


def find_versions(model: str, base_path: Path) -> list[VersionDirectory]:
    """All versions of a model, newest first; there may be none.

    A version is a directory whose name is a number (leading zeros are fine) and which holds a
    `saved_model.pb` or `saved_model.pbtxt`, or of which one cannot say that because it cannot be
    read. Anything else is ignored, so that a version can be copied under another name and then
    renamed.

    Raises:
        InputError: the base path is no directory.
        OSError: it cannot be read.
    """
    try:
        names = os.listdir(base_path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"model {model!r}: base path {base_path} does not exist or is no directory; expected "
            "a directory with numbered version directories, as `python -m export` writes"
        ) from error
    found = []
    for name in filter(_is_version_name, names):
        unreadable = _unreadable(base_path / name)
        if unreadable is not None:
            found.append(VersionDirectory(model, int(name), base_path / name, unreadable))
    return sorted(found, key=lambda directory: directory.version, reverse=True)


def require_versions(config: ModelConfig, versions: list[VersionDirectory]) -> None:
    """Check that the policy of a model finds versions to serve among those on disk.

    Raises:
        InputError: it finds none; with what there is instead.
    """
    found = [directory.version for directory in versions]
    if not found:
        names = sorted(path.name for path in config.base_path.iterdir())
        raise InputError(
            f"model {config.name!r}: no version in base path {config.base_path}; expected a "
            f"directory with a number as its name that holds {' or '.join(SAVED_MODEL_FILES)}. "
            f"Received: {', '.join(names[:5]) or 'an empty directory'}"
        )
    missing = set(config.policy.specific) - set(found)
    if missing:
        raise InputError(
            f"model {config.name!r}: expected version {min(missing)} in {config.base_path}. "
            f"Received: {', '.join(map(str, found))}"
        )


def find_unreadable(folder: Path) -> str:
    """The first file or folder in it that cannot be read, and why; "" if all can.

    TensorFlow says it in many ways, and sometimes not at all.
    """

    def complain(error: OSError) -> None:
        raise error

    path = folder
    try:
        for below, _, names in os.walk(folder, onerror=complain):
            for path in (Path(below, name) for name in names):
                _is_readable(path)
    except OSError as error:
        return _reason(path, error)
    return ""


def _is_version_name(name: str) -> bool:
    digits = name.isascii() and name.isdigit()
    return digits and len(name.lstrip("0")) <= 19 and int(name) <= LARGEST_VERSION


def _unreadable(directory: Path) -> str | None:
    """Why a version cannot be read, "" if it can; None if it is no version."""
    try:
        holds_one = any(_is_readable(directory / name) for name in SAVED_MODEL_FILES)
    except OSError as error:
        return _reason(directory, error)
    return "" if holds_one else None


def _reason(path: Path, error: OSError) -> str:
    return f"{error.filename or path}: {error.strerror or error}"


def _is_readable(path: Path) -> bool:
    """Whether a file is there; `OSError` if it is and cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
    except (FileNotFoundError, NotADirectoryError):
        # A link to nothing: somebody meant to have something there.
        if path.is_symlink() or (path.parent.is_symlink() and not path.parent.exists()):
            raise
        return False
    with path.open("rb") as file:
        file.read(1)
    return True
