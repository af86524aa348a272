"""What Ctrl-C does to a command: one line and exit code 130, nothing half-written, at any moment.

An exception would not do. One that comes up in a destructor is forgotten, one within an import
comes out as another, and a handler in Python waits as long as a call into TensorFlow does. So the
system's own handler writes a byte into a pipe, and a thread that waits for it lets
`seqrec_tf.undoing` take the process over: `exec` ends all other threads at that moment. Processes
that were started end, what was begun is removed, and the exit code is a shell's for the signal.
SIGTERM is the same without the line.

Without a command, as in a notebook, all of this sleeps, and Ctrl-C is Python's `KeyboardInterrupt`.
"""

import atexit
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seqrec_tf import undoing

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class _State:
    """What the thread that ends the process must know."""

    def __init__(self) -> None:
        self.begun: dict[Path, str | None] = {}  # folder -> pattern of what makes it worth keeping
        self.made: list[Path] = []  # folders to remove if they are empty
        self.started: list[int] = []  # processes
        self.instead: Callable[[], None] | None = None  # what the next Ctrl-C does
        self.finishing = threading.RLock()  # held by what must not be cut off
        self.depth = 0  # how often by the main thread
        self.listening = False
        self.over = False


_state = _State()


def start(module: str) -> None:
    """Run `module.main()`, a command, under this rule, from its imports on."""
    with end_at_once():
        importlib.import_module(module).main()
    # What there was to say has been said.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


@contextmanager
def end_at_once() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the process, as long as the body runs.

    Not those that the process was started to ignore (a command in the background of a script), and
    not outside of the main thread, where signals cannot be handled.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, written = os.pipe()
    os.set_blocking(written, False)
    before = signal.set_wakeup_fd(written)
    heeded = [number for number in NUMBERS if signal.getsignal(number) != signal.SIG_IGN]
    handlers = [signal.signal(number, _stand_still) for number in heeded]
    threading.Thread(target=_listen, args=(heard,), daemon=True, name="interrupts").start()
    _state.listening = True
    try:
        yield
    finally:
        _state.listening = False
        for number, handler in zip(heeded, handlers, strict=True):
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(written)


@contextmanager
def deferred() -> Iterator[None]:
    """The body is finished before a signal counts; processes started in it never hear Ctrl-C."""
    with _state.finishing:
        _state.depth += 1
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            _state.depth -= 1
    if _state.over:
        _stand_still()


def once(heard: Callable[[], None]) -> Callable[[], None]:
    """The next Ctrl-C calls `heard`, in any thread; the one after it is as before.

    Returns:
        A function that stops waiting for it.
    """

    def stop() -> None:
        _state.instead = None
        signal.signal(signal.SIGINT, previous)

    def handler(*_: object) -> None:
        if not _state.listening:
            stop()
            heard()

    previous = signal.signal(signal.SIGINT, handler)
    _state.instead = heard
    return stop


def begun(folder: Path, unless: str | None = None) -> None:
    """From now on a signal removes the folder, unless it holds a file of this pattern."""
    _state.begun[folder.absolute()] = unless


def finished(folder: Path) -> None:
    """From now on a signal lets the folder be."""
    _state.begun.pop(folder.absolute(), None)


def made(folders: list[Path]) -> None:
    """From now on a signal removes these folders, the inner ones first, if nothing is in them."""
    _state.made += [folder.absolute() for folder in folders]


def started(process: int) -> None:
    """From now on a signal ends this process as well."""
    _state.started.append(process)


def ended(process: int) -> None:
    """The process is no more."""
    _state.started.remove(process)


def _stand_still(*_: object) -> None:
    """After a signal the main thread does no more, unless it must finish something."""
    _state.over = True
    if not _state.depth:
        threading.Event().wait()


def _listen(heard: int) -> None:
    while said := os.read(heard, 1):
        number, instead = said[0], _state.instead
        if number == signal.SIGINT and instead:
            _state.instead = None
            instead()
        elif number in NUMBERS:
            with _state.finishing:
                _end(number)
    os.close(heard)


def _end(number: int) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)  # somebody in a hurry
    with suppress(AttributeError, OSError, ValueError):  # there is no stderr
        os.dup2(sys.stderr.fileno(), 2)
    pairs = list(_state.begun.items())
    folders = [folder for folder, unless in pairs if not (unless and any(folder.glob(unless)))]
    groups = [list(map(str, group)) for group in (_state.started, folders, _state.made)]
    if any(groups):
        words = [str(number), *(str(len(group)) for group in groups), *sum(groups, [])]
        os.execv(sys.executable, [sys.executable, "-IS", undoing.__file__, *words])
    undoing.leave(number)
