"""Version directories on disk: which versions of a model there are, and which is newest."""

from dataclasses import dataclass
from pathlib import Path

from serving.errors import InputError
from serving.models.model_config import ModelConfig
from serving.urls import LARGEST_VERSION

SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


@dataclass(frozen=True)
class VersionDirectory:
    """One version of a model on disk.

    Attributes:
        model: the name under which it is served.
        version: the directory's name as a number.
        path: the directory, which holds a SavedModel.
    """

    model: str
    version: int
    path: Path


def find_versions(model: str, base_path: Path) -> list[VersionDirectory]:
    """All versions of a model, newest first; there may be none.

    A version is a directory whose name is a number (leading zeros are fine) and which holds a
    `saved_model.pb` or `saved_model.pbtxt`. Anything else is ignored, so that a version can be
    copied under another name and then renamed.

    Raises:
        InputError: the base path is no directory.
        OSError: it cannot be read.
    """
    if not base_path.is_dir():
        raise InputError(
            f"model {model!r}: base path {base_path} does not exist or is no directory; expected "
            "a directory with numbered version directories, as `python -m export` writes"
        )
    found = [
        VersionDirectory(model, int(path.name), path)
        for path in base_path.iterdir()
        if _is_version_name(path.name) and _holds_saved_model(path)
    ]
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


def _is_version_name(name: str) -> bool:
    digits = name.isascii() and name.isdigit()
    return digits and len(name.lstrip("0")) <= 19 and int(name) <= LARGEST_VERSION


def _holds_saved_model(path: Path) -> bool:
    return any((path / name).is_file() for name in SAVED_MODEL_FILES)
