"""Where an export is built: a hidden folder beside the models, swept up if its exporter died.

An exporter holds a lock on its folder as long as it lives (`seqrec_tf.folders`). So a folder whose
lock is free is nobody's, and the next export removes it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seqrec_tf import interrupts
from seqrec_tf.errors import InputError
from seqrec_tf.folders import full_disk, locked, sweep, take_lock

PREFIX = ".staging-"


@contextmanager
def staging_folder(output: Path) -> Iterator[Path]:
    """A folder beside the models, on the same file system; gone afterwards.

    So is `output`, if it was made for it and nothing was published there.

    Args:
        output: the folder of all models, made if it is missing.

    Raises:
        InputError: `output` cannot be written, or there was no space left for what the body of
            the `with` statement wrote.
    """
    made = [path for path in (output, *output.parents) if not path.exists()]
    interrupts.made(made)
    folder, lock = _new_folder(output)
    try:
        with _full_disk_in_words(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        interrupts.finished(folder)
        os.close(lock)
        with suppress(OSError):  # something is in it, as after an export
            for path in made:
                path.rmdir()


def _new_folder(output: Path) -> tuple[Path, int]:
    """An empty folder and the open handle that holds its lock."""
    try:
        try:
            return _make_folder(output)
        except FileNotFoundError:  # an exporter that failed has just removed it
            return _make_folder(output)
    except OSError as error:
        raise InputError(
            f"--output: {output}: expected a folder that can be written. "
            f"Received: {error.strerror}."
        ) from error


def _make_folder(output: Path) -> tuple[Path, int]:
    output.mkdir(parents=True, exist_ok=True)
    # One at a time, or a sweep could find a folder between its making and its locking.
    with locked(output), interrupts.deferred():
        sweep(output, PREFIX)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=output))
        interrupts.begun(folder)
        return folder, take_lock(folder)


@contextmanager
def _full_disk_in_words(folder: Path) -> Iterator[None]:
    """One line for a full disk, whoever met it."""
    try:
        yield
    except Exception as error:
        said = full_disk(error)
        if said is None:
            raise
        written = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
        free = shutil.disk_usage(folder).free
        raise InputError(
            f"{folder.parent}: no space left, nothing was published. {written:,} bytes of the "
            f"export were written, {free:,} bytes are free here. Received: {said}"
        ) from error
