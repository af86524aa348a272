"""An exported version: what kind it is, and where it keeps what is not for the server."""

from dataclasses import dataclass
from pathlib import Path

from export.artifact.numbers import versions
from seqrec_tf.errors import InputError

SAVEDMODEL, LITE = "savedmodel", "lite"
GOLDEN, REPORT, SIDECAR = "golden_requests.json", "export_report.json", "model.json"
WARMUP = "tf_serving_warmup_requests"
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
        return extra_folder(self.folder, self.kind)


def find_artifact(folder: Path) -> Artifact:
    """The artifact in a folder.

    Raises:
        InputError: there is none, or it was not written by this exporter.
    """
    for kind, graph in GRAPHS.items():
        if (folder / graph).is_file():
            artifact = Artifact(folder, kind)
            if not (artifact.extra / REPORT).is_file():
                raise InputError(
                    f"{folder}: expected a version folder that `python -m export` wrote, with an "
                    f"export_report.json. Received: a {graph} without one."
                )
            return artifact
    raise InputError(
        f"{folder}: expected the folder of an exported version, with saved_model.pb or "
        f"model.tflite. Received: {_description(folder)}."
    )


def version_folder(path: Path) -> Path:
    """`path` itself, or the largest version below it if it is a model's folder."""
    found = versions(path)
    return found[-1][1] if found else path


def require_savedmodel(path: Path) -> Artifact:
    """The SavedModel at `path`, a version's folder or a model's (its largest version).

    Raises:
        InputError: it is no SavedModel of this exporter.
    """
    artifact = find_artifact(version_folder(path))
    if artifact.kind == LITE:
        raise InputError(
            f"{path}: expected a SavedModel. Received: the LiteRT file "
            f"{artifact.folder / GRAPHS[LITE]}."
        )
    return artifact


def extra_folder(folder: Path, kind: str) -> Path:
    """Where an artifact of that kind keeps what is not for the server."""
    return folder / "assets.extra" if kind == SAVEDMODEL else folder


def _description(folder: Path) -> str:
    if not folder.exists():
        return "nothing of that name"
    if not folder.is_dir():
        return "a file"
    names = sorted(entry.name for entry in folder.iterdir())
    return (
        ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "an empty folder"
    )
