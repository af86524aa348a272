"""Folders that change as one: locks, writing through to disk, and exchanging two of them.

A process holds a lock on a folder as long as it lives; the kernel gives the lock back however the
process ends. So a hidden folder whose lock is free is nobody's, and may be removed.
"""

import ctypes
import errno
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqrec_tf import interrupts

FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
RENAME_EXCHANGE, HERE = 2, -100  # of Linux


def take_lock(folder: Path, wait: bool = True) -> int:
    """The open handle that holds a folder's lock; closing it gives the lock back.

    Raises:
        BlockingIOError: another process has it, and `wait` is off.
        OSError: no such folder, a link to one while `wait` is off, or a file system without locks.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | (0 if wait else os.O_NOFOLLOW))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(handle)
        raise
    return handle


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Writers take turns: waits until no other process is in here with the same folder."""
    lock = take_lock(folder)
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def hidden_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder in `parent`, gone afterwards; those of processes that are no more go first."""
    # One at a time, or a sweep could find a folder between its making and its locking.
    with locked(parent), interrupts.deferred():
        sweep(parent, prefix)
        folder = parent / f"{prefix}{secrets.token_hex(4)}"
        folder.mkdir()
        lock = take_lock(folder)
        interrupts.begun(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        interrupts.finished(folder)
        os.close(lock)


@contextmanager
def temporary_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """A new folder, gone afterwards; in `parent`, or where the system has temporary files."""
    with interrupts.deferred():
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        interrupts.begun(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        interrupts.finished(folder)


def sweep(parent: Path, prefix: str) -> None:
    """Remove the hidden folders of processes that are no more."""
    for folder in parent.glob(f"{prefix}*"):
        try:
            lock = take_lock(folder, wait=False)
        except OSError:  # in use, gone meanwhile, another user's, or no folder
            continue
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sync(folder: Path) -> None:
    """Write a folder and all that is in it through to disk."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() or path.is_file():
            sync_entry(path)


def sync_entry(path: Path) -> None:
    """Write a file, or the names in a folder, through to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exchange(one: Path, other: Path) -> None:
    """Let two folders change names, at one moment for all who look.

    Raises:
        OSError: the system or the file system cannot, or one of them is a mount point.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if rename(HERE, os.fsencode(one), HERE, os.fsencode(other), RENAME_EXCHANGE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(one), None, str(other))


def full_disk(error: BaseException) -> str | None:
    """What the operating system said of a full disk, whoever met it; None for another error.

    It comes as an `OSError`, as one of TensorFlow's errors or in what another process said; what
    they have in common is the operating system's words.
    """
    said = [line for line in str(error).splitlines() if any(words in line for words in FULL)]
    return said[0].split("}} ")[-1].strip() if said else None  # after TensorFlow's name of the node
