"""What kind of artifact a folder is, and where it keeps what is not for the server."""

from pathlib import Path

from seqrec_tf.errors import InputError
from seqrec_tf.json_files import read_json

SAVEDMODEL, LITE = "savedmodel", "lite"
GRAPHS = {SAVEDMODEL: "saved_model.pb", LITE: "model.tflite"}


def kind_of(folder: Path) -> str:
    """`savedmodel` or `lite`.

    Raises:
        InputError: the folder is neither, or was not written by this exporter.
    """
    for kind, graph in GRAPHS.items():
        if (folder / graph).is_file():
            if not (extra_folder(folder, kind) / "export_report.json").is_file():
                raise InputError(
                    f"{folder}: expected a version folder that `python -m export` wrote, with an "
                    f"export_report.json. Received: a {graph} without one."
                )
            return kind
    raise InputError(
        f"{folder}: expected the folder of an exported version, with saved_model.pb or "
        f"model.tflite. Received: {_description(folder)}."
    )


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
    """The content of `export_report.json`.

    Raises:
        InputError: the folder is no exported version, or the file no JSON.
    """
    return read_json(extra_folder(folder, kind_of(folder)) / "export_report.json")
