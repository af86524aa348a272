"""What a command's screen shows: stages, progress, warnings and results. All else is in a log file.

TensorFlow writes to file descriptor 2 while it is loaded and whenever it likes afterwards; Keras
and others use `logging` and `warnings`. So from `loading_tensorflow` to the end of a command,
descriptor 2 is a file and `sys.stderr` a copy of the screen: what is printed to it is meant for
people. Without a command, as in a notebook, all of this does nothing.
"""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOG = "SEQREC_LOG"


class Log:
    """A file that takes what is not for people, from now until `end`.

    Args:
        path: of a log that is there; None makes one, and says on the screen where it is. So that is
            known however the process ends.
    """

    def __init__(self, path: Path | None):
        self._named = path is not None
        self.path = path or new_log()
        more = "" if self._named else f"; what it says itself is in {self.path} (--verbose: here)"
        print(f"loading TensorFlow{more}", file=sys.stderr, flush=True)
        self._screen, self._stderr = os.dup(2), sys.stderr
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._start = os.fstat(handle).st_size
        os.dup2(handle, 2)
        os.close(handle)
        if sys.stderr is sys.__stderr__:
            sys.stderr = open(  # noqa: SIM115 - until the end
                self._screen, "w", buffering=1, errors="backslashreplace", closefd=False
            )
        self._handler = logging.StreamHandler(sys.__stderr__)
        self._handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        logging.getLogger().addHandler(self._handler)
        logging.captureWarnings(True)

    def end(self) -> None:
        """Give descriptor 2 back; an empty log of our own goes."""
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(self._handler)
        os.dup2(self._screen, 2)
        # The copy stays open: whoever logs may have kept it.
        sys.stderr = self._stderr
        if not self._named:
            remove_if_empty(self.path)

    def kept(self) -> str:
        """What has been kept from the screen so far."""
        with self.path.open("rb") as log:
            log.seek(self._start)
            return log.read().decode(errors="replace")


class Screen:
    """The screen of one command, which shows everything if it is verbose."""

    def __init__(self, verbose: bool):
        self.verbose = verbose
        self.loading = False
        self.log: Log | None = None


_screen: Screen | None = None


@contextmanager
def command_screen(verbose: bool) -> Iterator[None]:
    """The screen of a command, which is the body; an error that nobody expected shows the log."""
    global _screen
    screen = _screen = Screen(verbose)
    kept = ""
    try:
        yield
    except Exception:
        kept = screen.log.kept() if screen.log else ""
        raise
    finally:
        _screen = None
        if screen.log:
            screen.log.end()
        if kept.strip():
            print(f"before the error was said:\n{kept}", file=sys.stderr)


def loading_tensorflow() -> None:
    """Say so, and from here on keep what is not for people from the screen."""
    if _screen is None or _screen.loading:
        return
    _screen.loading = True
    if _screen.verbose:
        print("loading TensorFlow", file=sys.stderr)
        return
    # The process that started this one may have made a log for both, and said so.
    named = os.environ.get(LOG)
    _screen.log = Log(Path(named) if named else None)


def stage(line: str) -> None:
    """Say what a command is doing."""
    if _screen is not None:
        print(line, file=sys.stderr)


def overheard(text: str) -> None:
    """Pass on what another process has said: to the log, or to a screen that shows everything."""
    if _screen is not None and text:
        sys.stderr.flush()
        os.write(2, text.encode())


@contextmanager
def shared_log(verbose: bool) -> Iterator[None]:
    """One log for all processes that the body starts, named on the screen; an empty one goes."""
    if verbose or LOG in os.environ:
        yield
        return
    log = new_log()
    print(f"what TensorFlow says about itself is in {log} (--verbose: here)", file=sys.stderr)
    os.environ[LOG] = str(log)
    try:
        yield
    finally:
        del os.environ[LOG]
        remove_if_empty(log)


def new_log() -> Path:
    """An empty file, where the system has temporary ones."""
    handle, path = tempfile.mkstemp(prefix="seqrec-", suffix=".log")
    os.close(handle)
    return Path(path)


def remove_if_empty(log: Path) -> None:
    """Nobody should find a log of nothing."""
    if not log.stat().st_size:
        log.unlink()
