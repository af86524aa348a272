"""Where an export is built: a hidden folder beside the models, swept up if its exporter died.

An exporter holds a lock on its folder as long as it lives; the kernel gives the lock back however
the process ends. So a folder whose lock is free is nobody's, and the next export removes it.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqrec_tf.errors import InputError

PREFIX = ".staging-"
FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


@contextmanager
def staging_folder(output: Path) -> Iterator[Path]:
    """A folder beside the models, on the same file system; gone afterwards.

    Args:
        output: the folder of all models, made if it is missing.

    Raises:
        InputError: `output` cannot be written, or there was no space left for what the body of
            the `with` statement wrote.
    """
    folder, lock = _new_folder(output)
    try:
        with _full_disk_in_words(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Exporters take turns: waits until no other process is in here with the same folder."""
    lock = _take_lock(folder)
    try:
        yield
    finally:
        os.close(lock)


def _new_folder(output: Path) -> tuple[Path, int]:
    """An empty folder and the open handle that holds its lock."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        # One at a time, or a sweep could find a folder between its making and its locking.
        with locked(output):
            _sweep(output)
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=output))
            return folder, _take_lock(folder)
    except OSError as error:
        raise InputError(
            f"--output: {output}: expected a folder that can be written. "
            f"Received: {error.strerror}."
        ) from error


def _sweep(output: Path) -> None:
    """Remove the staging folders of exporters that are no more."""
    for folder in output.glob(f"{PREFIX}*"):
        try:
            lock = _take_lock(folder, wait=False)
        except OSError:  # in use, gone meanwhile, another user's, or no folder
            continue
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _take_lock(folder: Path, wait: bool = True) -> int:
    """The open handle that holds the lock; closing it gives the lock back."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | (0 if wait else os.O_NOFOLLOW))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(handle)
        raise
    return handle


@contextmanager
def _full_disk_in_words(folder: Path) -> Iterator[None]:
    """One line for a full disk, whoever met it.

    It comes as an `OSError`, as one of TensorFlow's errors or in what the proof's process said;
    what they have in common is the operating system's words.
    """
    try:
        yield
    except Exception as error:
        said = [line for line in str(error).splitlines() if any(words in line for words in FULL)]
        if not said:
            raise
        written = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
        free = shutil.disk_usage(folder).free
        raise InputError(
            f"{folder.parent}: no space left, nothing was published. {written:,} bytes of the "
            f"export were written, {free:,} bytes are free here. "
            f"Received: {said[0].split('}} ')[-1].strip()}"  # after TensorFlow's name of the node
        ) from error
