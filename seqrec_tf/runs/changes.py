"""Changing a run directory: one training at a time, and what it leaves all there or not there.

A training holds the lock on `checkpoint/` of its run. `checkpoint/` and `logs/` grow in place; all
else is written into a hidden folder beside the run, written through to disk, and changes names
with it at one moment. So whoever looks, and whenever the training is killed, finds the run before
or the run after. Where two folders cannot change names (another system than Linux, a mount point,
the working directory), files are replaced one by one: `metrics.json` goes first and comes last, so
that a run of which a killed training replaced a part is an unfinished one.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from seqrec_tf import interrupts
from seqrec_tf.errors import InputError
from seqrec_tf.folders import (
    exchange,
    full_disk,
    hidden_folder,
    locked,
    sync,
    sync_entry,
    take_lock,
)

CHECKPOINT, STATE, METRICS = "checkpoint", "state.json", "metrics.json"
TRIALS = "trials"  # within CHECKPOINT: a checkpoint of each candidate of a search
EPOCHS = f"{CHECKPOINT}/**/{STATE}"  # there if an epoch is done, of the run or of a candidate
PREFIX = ".seqrec-run-"


class Claim:
    """The right to write into a run directory.

    Attributes:
        path: the directory, as it was named.
    """

    def __init__(self, path: Path):
        self._locks: list[int] = []
        self._name(path)
        self._hold(self._place / CHECKPOINT)

    def _name(self, path: Path) -> None:
        self.path = path
        self._place = Path(os.path.realpath(path))

    def release(self) -> None:
        """Let others write here."""
        interrupts.finished(self._place)
        while self._locks:
            os.close(self._locks.pop())

    @contextmanager
    def created(self, force: bool, another: Callable[[], Path] | None = None) -> Iterator[Path]:
        """A folder to fill, which becomes the run; with `force` instead of the one that is there.

        Args:
            force: replace what is there.
            another: gives another path in the same folder, where this one has been taken since.

        Raises:
            InputError: another training has the run, or made it meanwhile.
        """
        with self._staged() as staged:
            yield staged
            (staged / CHECKPOINT).mkdir()
            self._hold(staged / CHECKPOINT)
            while not self._put(staged, keep=False, force=force):
                if another is None:
                    raise InputError(
                        f"--run: {self.path} exists; give --force to replace it or --resume to "
                        "continue it."
                    )
                self._name(another())

    @contextmanager
    def updated(self) -> Iterator[Path]:
        """A folder for the run's new files; what is not in it stays as it is in the run."""
        with self._staged() as staged:
            yield staged
            self._put(staged, keep=True, force=True)

    @contextmanager
    def _staged(self) -> Iterator[Path]:
        beside = not _stays(self._place)
        where = self._place.parent if beside else self._place
        interrupts.made([path for path in (where, *where.parents) if not path.exists()])
        where.mkdir(parents=True, exist_ok=True)
        with hidden_folder(where, PREFIX) as staged:
            yield staged

    def _hold(self, folder: Path) -> None:
        while True:
            try:
                handle = take_lock(folder, wait=False)
            except BlockingIOError:
                if self._has(folder):
                    return
                raise InputError(
                    f"--run: {self.path}: another training writes this run; wait for its end, or "
                    "name another."
                ) from None
            except OSError:  # not there yet, or a file system without locks
                return
            self._locks.append(handle)
            if self._has(folder):  # still the one of that name
                return

    def _has(self, folder: Path) -> bool:
        there = os.stat(folder) if folder.exists() else None
        return there is not None and any(
            os.path.samestat(os.fstat(lock), there) for lock in self._locks
        )

    def _put(self, staged: Path, keep: bool, force: bool) -> bool:
        """Let `staged` be the run; False if there is one already and `force` is off."""
        if staged.parent == self._place:
            sync(staged)
            with interrupts.deferred():
                self._replace_files(staged, keep)
            return True
        if keep:
            _carry_over(self._place, staged)
            self._hold(staged / CHECKPOINT)
        if self._place.exists():
            shutil.copymode(self._place, staged)
        sync(staged)
        with locked(staged.parent), interrupts.deferred():
            try:
                os.rename(staged, self._place)  # nothing there, or an empty folder
            except OSError:
                if not force:
                    return False
                self._hold(self._place / CHECKPOINT)
                self._exchange(staged, keep)
            if not keep:  # a run without an epoch is nothing to go on with
                interrupts.begun(self._place, unless=EPOCHS)
            sync_entry(staged.parent)
        return True

    def _exchange(self, staged: Path, keep: bool) -> None:
        try:
            exchange(staged, self._place)
        except OSError:  # this file system cannot
            self._replace_files(staged, keep)

    def _replace_files(self, staged: Path, keep: bool) -> None:
        _replace_files(staged, self._place, keep)
        self._hold(self._place / CHECKPOINT)


@contextmanager
def claimed(path: Path) -> Iterator[Claim]:
    """Be the only one who writes into the run directory `path`, which need not be there yet.

    Raises:
        InputError: another process is, or the disk is full.
    """
    claim = Claim(path)
    try:
        yield claim
    except Exception as error:
        said = full_disk(error)
        if said is None:
            raise
        raise InputError(
            f"{path}: no space left; what was there before is there still, and `python -m "
            f"seqrec_tf.train --resume --run {path}` goes on after the last whole epoch. "
            f"Received: {said}"
        ) from error
    finally:
        claim.release()


def _stays(place: Path) -> bool:
    """Whether a folder cannot change names: a mount point, or where somebody stands."""
    here = Path.cwd()
    return os.path.ismount(place) or here == place or place in here.parents


def _carry_over(run: Path, staged: Path) -> None:
    """Let `staged` hold all that the run holds beside it; files are linked, not copied."""
    for entry in run.iterdir():
        target = staged / entry.name
        if target.exists() or entry.name.startswith(PREFIX):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, target, symlinks=True, copy_function=_link)
        else:
            _link(entry, target)


def _link(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # a file system without links, or somebody else's file
        shutil.copy2(source, target, follow_symlinks=False)


def _replace_files(staged: Path, run: Path, keep: bool) -> None:
    (run / METRICS).unlink(missing_ok=True)
    sync_entry(run)
    for entry in [] if keep else list(run.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            if entry != staged:
                shutil.rmtree(entry)
        else:
            entry.unlink()
    for entry in sorted(staged.iterdir(), key=lambda entry: entry.name == METRICS):
        if not (run / entry.name).is_dir():
            os.replace(entry, run / entry.name)
    sync_entry(run)
