"""Processes that a command starts, and that end with it."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from seqrec_tf import interrupts


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that is ended with the body, and by a signal that ends this one.

    It hears no Ctrl-C itself, or there would be a line from each.

    Args:
        command: program and arguments.
        **options: of `subprocess.Popen`; its streams are text.
    """
    with interrupts.deferred():
        process = subprocess.Popen(command, text=True, **options)
        interrupts.started(process.pid)
    try:
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.terminate()
    finally:
        interrupts.ended(process.pid)


def how_it_ended(code: int) -> str:
    """In words, what an exit code says; a signal's name where one ended the process."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"failed with exit code {code}"
