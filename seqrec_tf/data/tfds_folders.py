"""Where tensorflow-datasets keeps a prepared dataset: `DATA_DIR/NAME[/CONFIG]/VERSION`."""

import os
from pathlib import Path

from seqrec_tf.errors import InputError

INFO = "dataset_info.json"


def find_version(name: str, data_dir: str | None) -> Path:
    """The folder of a prepared version; the newest where none is named.

    Args:
        name: as tensorflow-datasets writes it: `name`, `name/config`, with `:version` or without.
        data_dir: the folder that its datasets are in; None for `$TFDS_DATA_DIR`, and without it
            `~/tensorflow_datasets`.

    Raises:
        InputError: not prepared, or of several configurations and none is named.
    """
    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    root = Path(data_dir or default).expanduser()
    dataset, _, version = name.partition(":")
    parts = [part for part in dataset.split("/") if part]
    if not parts or ".." in parts or dataset.startswith("/"):
        raise InputError(f"--tfds: expected NAME, NAME/CONFIG or NAME:VERSION. Received: {name!r}.")
    found = {path: _versions(path) for path in _configs(root.joinpath(*parts))}
    found = {path: versions for path, versions in found.items() if versions}
    if len(found) > 1:
        configs = ", ".join(f"{dataset}/{path.name}" for path in found)
        raise InputError(f"--tfds {name}: expected one of {configs}. Received: no configuration.")
    (versions,) = found.values() or [[]]
    chosen = [path for path in versions if path.name == version or not version]
    if not chosen:
        there = ", ".join(path.name for path in versions) or "no such dataset"
        raise InputError(
            f"--tfds {name}: expected a prepared dataset in {root} (--data-dir names another "
            f"folder; `tfds build` and `download_and_prepare()` prepare one). Received: {there}."
        )
    return chosen[-1]


def _configs(place: Path) -> list[Path]:
    """The dataset's own folder if it has versions, else those of its configurations."""
    if _versions(place) or not place.is_dir():
        return [place]
    return sorted(path for path in place.iterdir() if path.is_dir())


def _versions(place: Path) -> list[Path]:
    """Prepared versions, the newest last."""
    if not place.is_dir():
        return []
    found = [path for path in place.iterdir() if (path / INFO).is_file()]
    return sorted(found, key=lambda path: [int(n) for n in path.name.split(".") if n.isdigit()])
