"""What TensorFlow says about itself while it starts: in a log file, or on the screen if asked."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.protocol.errors import InputError

# The process that started this one may have named a log for both; it says so itself.
LOG = "SEQREC_LOG"


@contextmanager
def quiet(verbose: bool, say: Callable[[str], object]) -> Iterator[None]:
    """TensorFlow is loaded in the body, whose file descriptor 2 is the log.

    An error that nobody expected shows what was logged, and the log's path is said before, so that
    it is known however the process ends.

    Args:
        verbose: whether descriptor 2 stays what it is.
        say: shows a line; not by descriptor 2.
    """
    if verbose:
        say("loading TensorFlow")
        yield
        return
    named = os.environ.get(LOG)
    path = Path(named) if named else _new_log()
    more = "" if named else f"; what it says itself is in {path} (--verbose: here)"
    say(f"loading TensorFlow{more}")
    screen, log = os.dup(2), os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    start = os.fstat(log).st_size
    os.dup2(log, 2)
    kept = b""
    try:
        yield
    except (InputError, OSError):
        raise
    except Exception:
        kept = os.pread(log, os.fstat(log).st_size - start, start)
        raise
    finally:
        sys.stderr.flush()
        os.dup2(screen, 2)
        os.write(2, b"before the error was said:\n" + kept if kept else b"")
        if not named and not os.fstat(log).st_size:
            path.unlink()
        os.close(screen)
        os.close(log)


def _new_log() -> Path:
    handle, path = tempfile.mkstemp(prefix="seqrec-", suffix=".log")
    os.close(handle)
    return Path(path)
