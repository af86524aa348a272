"""What Ctrl-C does to a command: one line on stderr and exit code 130, whenever it comes.

Two things lose a signal whose handler raises: an exception that comes up in a destructor is printed
and forgotten, and a handler in Python waits as long as the call does that began a moment before.
So the system's own handler writes a byte into a pipe, and a thread that waits for it ends the
process. Only what must be undone first, such as a half-written folder, runs in `unwinding`, where
Ctrl-C is an exception.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

AGAIN_SECONDS = 0.01
LINE = "error: interrupted"

# Held by what must not be cut off by the thread that ends the process.
_going_on = threading.Lock()


def exit_code(number: int) -> int:
    """A shell's exit code for a process that a signal ended."""
    return 128 + number


def end_at_once(line: str = LINE) -> None:
    """From now on Ctrl-C writes the line to stderr and ends the process with exit code 130.

    Not where Ctrl-C is ignored (a command in the background of a script), and not outside of the
    main thread, where signals cannot be handled.
    """
    if not _handled(signal.SIGINT):
        return
    heard, written = os.pipe()
    screen = os.dup(2)  # which descriptor 2 may not be when it comes (`serving.quiet`)
    os.set_blocking(written, False)
    signal.set_wakeup_fd(written)
    signal.signal(signal.SIGINT, _nothing)
    given = heard, screen, line
    threading.Thread(target=_end, args=given, daemon=True, name="interrupts").start()


def end_otherwise() -> None:
    """From now on signals are the caller's business again."""
    signal.set_wakeup_fd(-1)


@contextmanager
def unwinding() -> Iterator[None]:
    """Ctrl-C is a `KeyboardInterrupt` in the body, and SIGTERM a `SystemExit`, but once.

    So what the body undoes is not disturbed. An exception that a destructor swallowed comes again.
    """
    numbers = _handled(signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, _raise_once) for number in numbers]
    written = signal.set_wakeup_fd(-1) if numbers else -1
    sys.unraisablehook, hook = _send_again, sys.unraisablehook
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)
        if numbers:
            signal.set_wakeup_fd(written)


@contextmanager
def deferred(*numbers: int) -> Iterator[None]:
    """These signals wait until the body is done; processes started in it never see them."""
    with _going_on:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _end(heard: int, screen: int, line: str) -> None:
    while os.read(heard, 1) != bytes([signal.SIGINT]):
        pass  # another signal, which has a handler of its own
    with _going_on:
        # On a terminal after `^C`, and perhaps after a progress bar.
        os.write(screen, f"{os.linesep if os.isatty(screen) else ''}{line}\n".encode())
        os._exit(exit_code(signal.SIGINT))


def _nothing(*_: object) -> None:
    """The handler that Python wants to have."""


def _handled(*numbers: int) -> list[int]:
    if threading.current_thread() is not threading.main_thread():
        return []
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def _raise_once(number: int, _: object) -> None:
    for each in _handled(signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(exit_code(number))


def _send_again(unraisable: "sys.UnraisableHookArgs") -> None:
    if not issubclass(unraisable.exc_type, KeyboardInterrupt | SystemExit):
        sys.__unraisablehook__(unraisable)
        return
    interrupt = issubclass(unraisable.exc_type, KeyboardInterrupt)
    number = signal.SIGINT if interrupt else signal.SIGTERM
    signal.signal(number, _raise_once)
    # Not here: what is raised in this hook is swallowed as well.
    threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()
