"""Version numbers below a model's folder, as TensorFlow Serving reads them: by name alone.

Whatever has a name that parses as an int64 (`007` and `-1` too) is a version to it, be it a file,
a broken link or a folder without a model, and it tries to load the largest. Other names, numbers
beyond an int64 among them, it does not see.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from seqrec_tf.errors import InputError

LITE_SUFFIX = "-lite"
LARGEST_VERSION = 2**63 - 1


def versions(model: Path) -> list[tuple[int, Path]]:
    """Number and path of each version, whole or not, ascending; of equal ones, the last counts."""
    if not model.is_dir() or not os.access(model, os.R_OK | os.X_OK, effective_ids=True):
        return []
    return sorted(
        (int(entry.name), entry)
        for entry in model.iterdir()
        if re.fullmatch(r"\s*[+-]?[0-9]+\s*", entry.name, re.ASCII)
        and abs(int(entry.name)) <= LARGEST_VERSION
    )


def next_version(models: Iterable[Path]) -> int:
    """One more than the largest version of any of the models; 1 if there is none.

    A model and its LiteRT file count as one: the same number means the same export, also if one
    of the two was not asked for, or its exporter was killed before it was there.

    Raises:
        InputError: the largest version is the largest there can be.
    """
    found = [taken for model in models for name in _both(model) for taken in versions(name)]
    largest, path = max(found, default=(0, None))
    if largest == LARGEST_VERSION:
        raise InputError(
            f"{path}: expected a version below {LARGEST_VERSION}, so that there can be a next one. "
            f"Received: {largest}, the largest that TensorFlow Serving reads."
        )
    return max(largest, 0) + 1


def is_savedmodel(version: Path) -> bool:
    """Whether a version folder holds what TensorFlow Serving loads."""
    return (version / "saved_model.pb").is_file()


def _both(model: Path) -> tuple[Path, Path]:
    """The folders of the SavedModel and of the LiteRT file."""
    name = model.name.removesuffix(LITE_SUFFIX)
    return model.with_name(name), model.with_name(name + LITE_SUFFIX)
