"""Stopping what nobody waits for any more: a graph that runs on after its request timed out.

What has ended before it begins never begins.
"""

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from serving.protocol.errors import ServingError
from serving.protocol.status import Code

Result = TypeVar("Result")


class Ended(ServingError):
    """A request that ended, because its time is over or its client is gone, before it began."""

    def __init__(self) -> None:
        super().__init__(Code.CANCELLED, "The request ended before it was run")


class Deadline:
    """What one request has to stop when its time is over. Safe to use from several threads.

    Args:
        seconds: when that is, from now on; None if it is only told by `end`.
    """

    def __init__(self, seconds: float | None = None):
        self._until = None if seconds is None else time.monotonic() + seconds
        self._lock = threading.Lock()
        self._stop: Callable[[], bool | None] | None = None
        self._over = False

    @property
    def is_over(self) -> bool:
        """Whether the time is over, told or not: whoever tells it may be late."""
        return self._over or (self._until is not None and time.monotonic() >= self._until)

    def require_time(self) -> None:
        """Check that somebody waits.

        Raises:
            Ended: nobody does.
        """
        if self.is_over:
            raise Ended

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


def require_time() -> None:
    """Check that somebody waits for what the current thread does, if that is a request.

    Raises:
        Ended: nobody does.
    """
    deadline = DEADLINE.get()
    if deadline is not None:
        deadline.require_time()


def run_until(deadline: Deadline, function: Callable[..., Result], *arguments: object) -> Result:
    """What the function returns; what it calls finds the deadline in `DEADLINE`.

    Raises:
        Ended: the time is over already, and the function is not called.
    """
    deadline.require_time()
    token = DEADLINE.set(deadline)
    try:
        return function(*arguments)
    finally:
        DEADLINE.reset(token)
