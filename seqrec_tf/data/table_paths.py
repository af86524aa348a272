"""Which files a table consists of: one, those of a folder (as Spark writes it), or of a pattern."""

import glob
import os
from pathlib import Path
from urllib.parse import unquote

from seqrec_tf.errors import InputError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson")
PARQUET = ".parquet"
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def find_files(path: Path, flag: str) -> tuple[str, list[Path]]:
    """The files behind a path, sorted by name, and their format.

    Args:
        path: a file; a folder of part files, in which names that begin with `_` or `.` are not
            data; or a pattern with `*`, `?`, `[...]` or `**`.
        flag: what names the path, for messages.

    Returns:
        The suffix that all of them share, without `.gz`, and the files, at least one.

    Raises:
        InputError: no such file, or files of several or unknown formats.
    """
    if path.is_file():
        return _format(path, path, flag), [path]
    if path.is_dir():
        files = _visible(path)
    elif glob.has_magic(str(path)):
        found = map(Path, glob.glob(str(path), recursive=True))
        shown = [m for m in found if not any(map(_is_hidden, {*m.parts} - {*path.parts}))]
        files = sorted({file for m in shown for file in (_visible(m) if m.is_dir() else [m])})
    else:
        _format(path, path, flag)
        raise InputError(f"{flag} {path}: expected a file. Received: no such file.")
    if not files:
        kind = "a folder without any" if path.is_dir() else "a pattern that fits none"
        raise InputError(f"{flag} {path}: expected a file, or part files. Received: {kind}.")
    kinds = [_format(file, path, flag) for file in files]
    for file, kind in zip(files, kinds, strict=True):
        if kind != kinds[0]:
            raise InputError(
                f"{flag} {path}: expected files of one format, {kinds[0]} as {files[0].name}. "
                f"Received: {file}."
            )
    return kinds[0], files


def folder_values(path: Path, file: Path) -> dict[str, str | None]:
    """Values that the names of folders below `path` hold: {"day": "7"} of `day=7`, as in Hive."""
    fixed = 0 if file == path else len(path.parts)
    if glob.has_magic(str(path)) and not path.exists():
        fixed = next(n for n, part in enumerate(path.parts) if glob.has_magic(part))
    named = (part.partition("=") for part in file.parts[fixed:-1] if "=" in part)
    pairs = {} if file == path else {name: unquote(value) for name, _, value in named}
    return {name: None if value == NO_VALUE else value for name, value in pairs.items()}


def _visible(folder: Path) -> list[Path]:
    """The data files below a folder."""
    files = []
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        files += [Path(parent, name) for name in names if not _is_hidden(name)]
    return sorted(files)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _format(file: Path, path: Path, flag: str) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    kind = (suffixes or [""])[-1]
    if kind == ".gz" and len(suffixes) > 1 and suffixes[-2] != PARQUET:
        kind = suffixes[-2]
    if kind not in (*SEPARATORS, *JSON_LINES, PARQUET):
        raise InputError(
            f"{flag} {path}: expected a file that ends in .csv, .tsv, .jsonl, .ndjson (these also "
            f"with .gz) or .parquet, or a folder of such. Received: {file.name!r}."
        )
    return kind
