"""The parts of a large Parquet file: a kill at any moment loses only the part at work.

`OUTPUT.parts/` holds what the job sorted before (`histories.sqlite`), then `made_from.json`, which
says what the parts are made from, then the finished parts. At the end they become OUTPUT, which is
there completely or not at all, and the folder goes.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from seqrec_tf import interrupts
from seqrec_tf.errors import InputError
from seqrec_tf.folders import sync_entry
from seqrec_tf.json_files import read_json, write_json

GROUP_ROWS = 500_000  # rows of a Parquet row group, which readers take in one piece
MADE_FROM = "made_from.json"
OURS = (MADE_FROM, "histories.sqlite*", "part-*.parquet", ".*")


class Parts:
    """The parts of one output.

    Args:
        output: the file that they will become.
        settings: flag -> what the parts depend on: values, and for files their SHA-256.
        paths: flag -> the file or folder that such a digest is of.
    """

    def __init__(self, output: Path, settings: dict[str, int | str], paths: dict[str, Path]):
        self.output = output
        self.folder = output.with_name(f"{output.name}.parts")
        self.histories = self.folder / "histories.sqlite"
        self.settings = settings
        self.paths = {flag: str(path.resolve()) for flag, path in paths.items()}

    def path(self, number: int) -> Path:
        """Where part `number`, from 0, is or will be."""
        return self.folder / f"part-{number:05d}.parquet"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes away from the folder, which is made if it is not there.

        Raises:
            InputError: another process is at work on it, or it holds somebody else's files.
        """
        interrupts.made([path for path in (self.folder, *self.folder.parents) if not path.exists()])
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            _lock(handle, self.folder)
            self._require_ours()
            interrupts.begun(self.folder, unless=MADE_FROM)
            yield
        finally:
            interrupts.finished(self.folder)
            os.close(handle)

    def require_free(self, force: bool) -> None:
        """Refuse to replace an output.

        Raises:
            InputError: it exists and `force` is off, but for one whose parts are still there.
        """
        kind = "folder" if self.output.is_dir() else "file"
        if kind == "folder" or (self.output.exists() and not force and not self.joined()):
            raise InputError(
                f"--output: {self.output} exists; expected a new name, or --force to replace a "
                f"file. Received: a {kind}."
            )

    def joined(self) -> bool:
        """Whether OUTPUT is complete: a kill came after it, and before the folder was removed."""
        if not (self.folder.is_dir() and self.output.is_file()):
            return False
        try:
            facts = parquet.read_schema(self.output).metadata or {}
        except pa.ArrowException:
            return False
        return facts.get(MADE_FROM.encode()) == self._facts()

    def begun(self, force: bool) -> bool:
        """Whether there are parts to go on with; if there are others, `force` removes them.

        Raises:
            InputError: the folder is of another job.
        """
        if (self.folder / MADE_FROM).is_file():
            kept = read_json(self.folder / MADE_FROM)
            if kept["settings"] == self.settings:
                return True
            if not force:
                raise self._difference(kept)
        self._empty()
        return False

    def begin(self) -> None:
        """Write down what the parts are made from; from now on the job can be resumed."""
        sync_entry(self.histories)
        write_json(self.folder / MADE_FROM, {"settings": self.settings, "paths": self.paths})
        sync_entry(self.folder / MADE_FROM)
        sync_entry(self.folder)

    def write(self, number: int, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
        """Write one part, complete or not at all."""
        self._write(self.path(number), _row_groups(tables), schema)

    def join(self, count: int) -> None:
        """Make OUTPUT of the `count` parts, a row group at a time; there is at least one."""
        paths = [self.path(number) for number in range(count)]
        schema = parquet.read_schema(paths[0]).with_metadata({MADE_FROM: self._facts()})
        self._write(self.output, _stored_groups(paths), schema)

    def _require_ours(self) -> None:
        strangers = [p for p in self.folder.iterdir() if not any(map(p.match, OURS))]
        if strangers:
            raise InputError(
                f"{self.folder}: expected nothing but parts. Received: {strangers[0].name} in it."
            )

    def _empty(self) -> None:
        # First what says that the others are complete.
        (self.folder / MADE_FROM).unlink(missing_ok=True)
        for path in self.folder.iterdir():
            path.unlink()

    def remove(self) -> None:
        """Remove the folder."""
        self._empty()
        self.folder.rmdir()

    def _write(self, path: Path, groups: Iterable[pa.Table], schema: pa.Schema) -> None:
        partial = self.folder / f".{path.name}-partial"
        with parquet.ParquetWriter(partial, schema) as writer:
            for group in groups:
                writer.write_table(group, row_group_size=len(group))
        # A name says that what it stands for is complete; the folder keeps the name.
        sync_entry(partial)
        os.replace(partial, path)
        sync_entry(path.parent)

    def _facts(self) -> bytes:
        return json.dumps(self.settings).encode()

    def _difference(self, kept: dict) -> InputError:
        """The error for the first setting that is another one."""
        then, now = kept["settings"], self.settings
        flag = next(flag for flag in {**now, **then} if then.get(flag) != now.get(flag))
        return InputError(
            f"{flag}: {self.folder} was begun with {_shown(flag, then, kept['paths'])}; expected "
            f"the same, or --force to start anew. Received: {_shown(flag, now, self.paths)}."
        )


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            f"{folder}: expected no other process at work on it. Received: one that is."
        ) from None


def _shown(flag: str, settings: dict, paths: dict[str, str]) -> str:
    if flag in paths:
        return f"{paths[flag]} (sha256 {settings[flag][:12]}...)"
    return str(settings.get(flag, "none"))


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of small tables in tables of about `GROUP_ROWS`."""
    waiting, rows = [], 0
    for table in tables:
        waiting.append(table)
        rows += len(table)
        if rows >= GROUP_ROWS:
            yield pa.concat_tables(waiting)
            waiting, rows = [], 0
    if rows:
        yield pa.concat_tables(waiting)


def _stored_groups(paths: Iterable[Path]) -> Iterator[pa.Table]:
    for path in paths:
        with parquet.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number)
