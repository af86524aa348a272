"""What kind of artifact a folder is, and where it keeps what is not for the server."""

import json
from pathlib import Path

from export.publish import versions
from seqrec_tf.errors import InputError

SAVEDMODEL, LITE = "savedmodel", "lite"
GOLDEN, REPORT = "golden_requests.json", "export_report.json"
GRAPHS = {SAVEDMODEL: "saved_model.pb", LITE: "model.tflite"}


def kind_of(folder: Path) -> str:
    """`savedmodel` or `lite`.

    Raises:
        InputError: the folder is neither, or was not written by this exporter.
    """
    for kind, graph in GRAPHS.items():
        if (folder / graph).is_file():
            if not (extra_folder(folder, kind) / REPORT).is_file():
                raise InputError(
                    f"{folder}: expected a version folder that `python -m export` wrote, with an "
                    f"export_report.json. Received: a {graph} without one."
                )
            return kind
    raise InputError(
        f"{folder}: expected the folder of an exported version, with saved_model.pb or "
        f"model.tflite. Received: {_description(folder)}."
    )


def version_folder(path: Path) -> Path:
    """`path` itself, or the largest version below it if it is a model's folder."""
    numbers = versions(path)
    return path / str(numbers[-1]) if numbers else path


def require_savedmodel(path: Path) -> Path:
    """The version folder of `path`, a model's folder or a version's.

    Raises:
        InputError: it is no SavedModel of this exporter.
    """
    folder = version_folder(path)
    if kind_of(folder) == LITE:
        raise InputError(
            f"{path}: expected a SavedModel. Received: the LiteRT file {folder / GRAPHS[LITE]}."
        )
    return folder


def _description(folder: Path) -> str:
    if not folder.exists():
        return "nothing of that name"
    if not folder.is_dir():
        return "a file"
    names = sorted(entry.name for entry in folder.iterdir())
    return (
        ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "an empty folder"
    )


def extra_folder(folder: Path, kind: str) -> Path:
    """Where golden requests, report and model card are."""
    return folder / "assets.extra" if kind == SAVEDMODEL else folder


def read_report(folder: Path) -> dict:
    """The content of `export_report.json`."""
    path = extra_folder(folder, kind_of(folder)) / REPORT
    return json.loads(path.read_text(encoding="utf-8"))
