"""An artifact's files with their digests, by which damage and foreign files are seen."""

import hashlib
from pathlib import Path

from export.artifact import as_written
from seqrec_tf.errors import InputError
from seqrec_tf.json_files import read_json, write_json

NAME = "manifest.json"


def write_manifest(folder: Path, path: Path) -> None:
    """List every file below `folder` in `path`, which is below it too and not listed."""
    files = {
        str(file.relative_to(folder)): {"sha256": digest(file), "bytes": file.stat().st_size}
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file != path
    }
    write_json(path, {"files": files})


def manifest_failures(folder: Path, path: Path) -> list[str]:
    """Files that are missing, changed or not listed, in words; empty if all is as written."""
    if not path.is_file():
        return [f"{path.relative_to(folder)}: missing, so nothing tells what belongs here"]
    try:
        with as_written(path):
            files = read_json(path)["files"]
            listed = {name: str(entry["sha256"]) for name, entry in files.items()}
    except InputError as error:
        return [str(error)]
    there = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - {
        str(path.relative_to(folder))
    }
    return [
        *(f"{name}: missing" for name in sorted(listed.keys() - there)),
        *(f"{name}: not part of the export" for name in sorted(there - listed.keys())),
        *(
            f"{name}: expected sha256 {wanted[:12]}..., got {found[:12]}..."
            for name, wanted in sorted(listed.items())
            if name in there and (found := digest(folder / name)) != wanted
        ),
    ]


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
