"""A bounded pool of threads for what takes time, so that the event loop never waits."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from serving.inference.deadline import Deadline, Ended, run_until
from serving.protocol.errors import ServingError
from serving.protocol.status import Code

LATE = "Timed out while waiting for a thread or a batch"

Result = TypeVar("Result")


class Workers:
    """Runs functions in threads, for a limited time.

    Args:
        threads: so many run at the same time.
        waiting: so many more may wait for a thread; 0 is no limit.
        seconds: how long one may wait and run; 0 is no limit.
    """

    def __init__(self, threads: int, waiting: int = 0, seconds: float = 0.0):
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._most = threads + waiting if waiting else float("inf")
        self._seconds = seconds or None
        self._unfinished = 0
        self._lock = threading.Lock()

    async def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """What the function returns. Cancelled, it is not begun, or its graph is cancelled.

        Raises:
            ServingError: UNAVAILABLE, too many are waiting; RESOURCE_EXHAUSTED, it waited too
                long; DEADLINE_EXCEEDED, it ran too long, and its graph is cancelled.
        """
        if self._unfinished >= self._most:
            raise ServingError(Code.UNAVAILABLE, "Too many requests are waiting; try again later")
        self._count(1)
        deadline = Deadline(self._seconds)
        future = self._pool.submit(run_until, deadline, function, *arguments)
        future.add_done_callback(lambda _: self._count(-1))
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(asyncio.wrap_future(future))
        except Ended:
            raise ServingError(Code.RESOURCE_EXHAUSTED, LATE) from None
        except TimeoutError:
            if future.cancel() or deadline.end():
                raise ServingError(Code.RESOURCE_EXHAUSTED, LATE) from None
            raise ServingError(Code.DEADLINE_EXCEEDED, "Timed out while running") from None
        except asyncio.CancelledError:
            if not future.cancel():
                deadline.end()
            raise

    def close(self) -> None:
        """End the threads; what has not begun never does."""
        self._pool.shutdown(cancel_futures=True)

    def _count(self, change: int) -> None:
        with self._lock:
            self._unfinished += change
