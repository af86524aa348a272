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


class Screen:
    """The screen of one command.

    Args:
        verbose: whether it shows everything.
    """

    def __init__(self, verbose: bool):
        self.verbose = verbose
        self.path: Path | None = None

    def begin(self) -> None:
        """Keep all but the command's own lines from the screen; the log's path is said before.

        So it is known however the process ends. The process that started this one may have named
        a log for both, in `$SEQREC_LOG`, and says so itself.
        """
        named = os.environ.get(LOG)
        self.path = Path(named) if named else _new_log()
        more = "" if named else f"; what it says itself is in {self.path} (--verbose: here)"
        print(f"loading TensorFlow{more}", file=sys.stderr, flush=True)
        self._own = not named
        self._real = os.dup(2)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._start = os.fstat(handle).st_size
        os.dup2(handle, 2)
        os.close(handle)
        self._stderr = sys.stderr
        if sys.stderr is sys.__stderr__:
            sys.stderr = open(  # noqa: SIM115 - it is closed with the screen
                self._real,
                "w",
                buffering=1,
                encoding=sys.stderr.encoding,
                errors="backslashreplace",
            )
        self._handler = logging.StreamHandler(sys.__stderr__)
        self._handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        logging.getLogger().addHandler(self._handler)
        logging.captureWarnings(True)

    def end(self) -> None:
        """Give descriptor 2 back; an empty log goes."""
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(self._handler)
        os.dup2(self._real, 2)
        if sys.stderr is self._stderr:
            os.close(self._real)
        else:
            sys.stderr.close()
            sys.stderr = self._stderr
        if self._own and not self.path.stat().st_size:
            self.path.unlink()

    def kept(self) -> str:
        """What this command has kept from the screen so far."""
        with self.path.open("rb") as log:
            log.seek(self._start)
            return log.read().decode(errors="replace")


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
        kept = screen.kept() if screen.path else ""
        raise
    finally:
        _screen = None
        if screen.path:
            screen.end()
        if kept.strip():
            print(f"before the error was said:\n{kept}", file=sys.stderr)


def loading_tensorflow() -> None:
    """Say so, and from here on keep what is not for people from the screen."""
    if _screen is None or _screen.path:
        return
    if _screen.verbose:
        print("loading TensorFlow", file=sys.stderr)
    else:
        _screen.begin()


def stage(line: str) -> None:
    """Say what a command is doing."""
    if _screen is not None:
        print(line, file=sys.stderr)


def overheard(text: str) -> None:
    """Pass on what another process has said, to the log or to a screen that shows everything."""
    if _screen is not None and text:
        sys.stderr.flush()
        os.write(2, text.encode())


@contextmanager
def shared_log(verbose: bool) -> Iterator[None]:
    """One log for all processes that the body starts, named on the screen; an empty one goes."""
    if verbose or LOG in os.environ:
        yield
        return
    log = _new_log()
    print(f"what TensorFlow says about itself is in {log} (--verbose: here)", file=sys.stderr)
    os.environ[LOG] = str(log)
    try:
        yield
    finally:
        del os.environ[LOG]
        if not log.stat().st_size:
            log.unlink()


def _new_log() -> Path:
    handle, path = tempfile.mkstemp(prefix="seqrec-", suffix=".log")
    os.close(handle)
    return Path(path)
