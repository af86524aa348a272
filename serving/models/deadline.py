"""Stopping what nobody waits for any more: a graph that runs on after its request timed out."""

import threading
from collections.abc import Callable
from contextvars import ContextVar


class Deadline:
    """What one request has to stop when its time is over. Safe to use from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._stop: Callable[[], bool | None] | None = None
        self._over = False

    def watch(self, stop: Callable[[], bool | None]) -> None:
        """Call `stop` when the time is over; at once, if it is already.

        Args:
            stop: returns True if what it stopped had not begun.
        """
        with self._lock:
            self._stop = stop
            over = self._over
        if over:
            stop()

    def end(self) -> bool:
        """The time is over. Returns whether the work was still waiting to begin."""
        with self._lock:
            self._over = True
            stop = self._stop
        return bool(stop and stop())


# The deadline of the request that the current thread works for.
DEADLINE: ContextVar[Deadline | None] = ContextVar("DEADLINE", default=None)


def run_until(deadline: Deadline, function: Callable, *arguments):
    """What the function returns; what it calls finds the deadline in `DEADLINE`."""
    DEADLINE.set(deadline)
    return function(*arguments)
