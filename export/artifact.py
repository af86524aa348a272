"""An exported version: what kind it is, and where it keeps what is not for the server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError

from seqrec_tf.errors import InputError

SAVEDMODEL, LITE = "savedmodel", "lite"
GRAPHS = {SAVEDMODEL: "saved_model.pb", LITE: "model.tflite"}


@dataclass(frozen=True)
class Artifact:
    """A version folder.

    Attributes:
        folder: where it is.
        kind: `savedmodel` or `lite`.
    """

    folder: Path
    kind: str

    @property
    def extra(self) -> Path:
        """Where golden requests, report, manifest and model card are."""
        return self.folder / "assets.extra" if self.kind == SAVEDMODEL else self.folder

    @property
    def report(self) -> Path:
        """The export report."""
        return self.extra / "export_report.json"


def find_artifact(folder: Path) -> Artifact:
    """The artifact in a folder.

    Raises:
        InputError: there is none, or it was not written by this exporter.
    """
    for kind, graph in GRAPHS.items():
        if (folder / graph).is_file():
            artifact = Artifact(folder, kind)
            if not artifact.report.is_file():
                raise InputError(
                    f"{folder}: expected a version folder that `python -m export` wrote, with an "
                    f"export_report.json. Received: a {graph} without one."
                )
            return artifact
    raise InputError(
        f"{folder}: expected the folder of an exported version, with saved_model.pb or "
        f"model.tflite. Received: {_description(folder)}."
    )


@contextmanager
def as_written(path: Path) -> Iterator[None]:
    """For what reads a file of the export: content that cannot be read is bad input.

    Raises:
        InputError: the body met something else than the exporter writes.
    """
    try:
        yield
    except InputError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, DecodeError) as error:
        raise InputError(
            f"{path}: expected what `python -m export` wrote; it was changed or damaged since. "
            f"Received: {type(error).__name__}: {error}"
        ) from error


def read_json(path: Path) -> dict:
    """The content of a JSON file of the export.

    Raises:
        InputError: it is no JSON object.
    """
    with as_written(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise TypeError(f"{type(content).__name__} instead of an object")
    return content


def _description(folder: Path) -> str:
    if not folder.exists():
        return "nothing of that name"
    if not folder.is_dir():
        return "a file"
    names = sorted(entry.name for entry in folder.iterdir())
    return (
        ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "an empty folder"
    )
