"""An artifact's files with their digests, by which damage and foreign files are seen.

The manifest is a function of the folder: what `write_manifest` would write of it, byte for byte.
"""

import hashlib
import json
import os
from pathlib import Path

from export.artifact.documents.reading import as_written
from export.artifact.version import GRAPHS, SAVEDMODEL
from seqrec_tf.errors import InputError
from seqrec_tf.json_files import json_text, read_json, write_json

NAME = "manifest.json"


def write_manifest(folder: Path, path: Path) -> None:
    """List every file below `folder` in `path`, which is below it too and not listed."""
    names = (str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    write_json(path, _content({name: _entry(folder / name) for name in names}, folder, path))


def manifest_failures(folder: Path, path: Path) -> list[str]:
    """What is not as it was written, in words; empty if all is.

    Files that are missing, changed or not listed; links, pipes and empty folders, which no export
    has; and any byte of the manifest itself.
    """
    own = str(path.relative_to(folder))
    files, others = _found(folder)
    if own not in files:
        return [f"{own}: missing, so nothing tells what belongs here"]
    try:
        with as_written(path):
            listed = {name: dict(entry) for name, entry in read_json(path)["files"].items()}
    except InputError as error:
        return [str(error)]
    there = files - {own}
    entries = {name: _entry(folder / name) for name in there}
    return [
        *(f"{_shown(name)}: missing" for name in sorted(listed.keys() - there)),
        *(f"{_shown(name)}: not part of the export" for name in sorted(there - listed.keys())),
        *(
            f"{_shown(name)}: not part of the export, {what}"
            for name, what in sorted(others.items())
            if name not in _folders(listed)
        ),
        *(
            f"{_shown(name)}: expected {_described(listed[name])}, got {_described(entries[name])}"
            for name in sorted(there & listed.keys())
            # As text, in which 12.0 is not 12 and true is not 1.
            if json.dumps(listed[name]) != json.dumps(entries[name])
        ),
        *_text_failures(path, _content(listed, folder, path), own),
    ]


def has_irregular_files(folder: Path) -> bool:
    """Whether anything below it is a link or a pipe, of which reading may have no end."""
    return any(what != EMPTY for what in _found(folder)[1].values())


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


EMPTY = "an empty folder"


def _entry(file: Path) -> dict:
    return {"sha256": digest(file), "bytes": file.stat().st_size}


def _content(entries: dict[str, dict], folder: Path, path: Path) -> dict:
    names = sorted((name for name in entries if folder / name != path), key=Path)
    return {"files": {name: entries[name] for name in names}}


def _text_failures(path: Path, content: dict, own: str) -> list[str]:
    """Where the manifest is not written as it would be with what it says."""
    wanted, got = json_text(content).encode(), path.read_bytes()
    if wanted == got:
        return []
    pairs = zip(wanted.splitlines(True), got.splitlines(True), strict=False)
    number = next((n for n, (w, g) in enumerate(pairs, start=1) if w != g), None)
    where = "its end" if number is None else f"line {number}"
    return [f"{own}: expected what `python -m export` writes, got something else at {where}"]


def _found(folder: Path) -> tuple[set[str], dict[str, str]]:
    """Names of the files below a folder, and of what else is there, with what it is."""
    files, others = set(), {}
    for parent, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(parent, name)
            place = str(path.relative_to(folder))
            if path.is_symlink():
                others[place] = "a symbolic link"
            elif path.is_dir():
                if not any(path.iterdir()):
                    others[place] = EMPTY
            elif path.is_file():
                files.add(place)
            else:
                others[place] = "neither a file nor a folder"
    return files, others


def _folders(listed: dict) -> set[str]:
    """Folders that may be empty: TensorFlow makes one for assets, also where there are none."""
    return {"assets"} if GRAPHS[SAVEDMODEL] in listed else set()


def _described(entry: dict) -> str:
    shown = {**entry, "sha256": f"{str(entry.get('sha256'))[:12]}..."}
    return ", ".join(f"{key} {value}" for key, value in shown.items())


def _shown(name: str) -> str:
    """A name of somebody else's on one line."""
    return name if name.isprintable() else ascii(name)
