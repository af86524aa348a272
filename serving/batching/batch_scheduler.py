"""The threads that run batches: one pool for all queues.

A batch runs when it is full or its first request has waited long enough, and a thread is free;
queues take turns.
"""

import threading
import time
from collections import deque

from serving.batching.batch_queue import Batch, Queue, Task
from serving.batching.batch_tensors import Feeds


class Scheduler:
    """The threads that run batches.

    Args:
        threads: so many batches run at the same time.
        name: of the threads.
    """

    def __init__(self, threads: int, name: str):
        # Queues leave when they are empty: what is unloaded is not held.
        self._waiting: deque[Queue] = deque()
        self._change = threading.Condition()
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}_{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, queue: Queue, feeds: Feeds, rows: int) -> list[Task]:
        """Queue a request; its parts, whose outputs will be set.

        Raises:
            ServingError: as `Queue.add`.
        """
        with self._change:
            tasks = queue.add(feeds, rows)
            if queue not in self._waiting:
                self._waiting.append(queue)
            self._change.notify()
        return tasks

    def close(self) -> None:
        """End the threads, when the batches that run are done."""
        with self._change:
            self._is_closed = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (found := self._next()) is not None:
            queue, batch = found
            queue.process(batch.tasks)
            # Or an idle thread holds a model that was unloaded.
            del found, queue, batch

    def _next(self) -> tuple[Queue, Batch] | None:
        with self._change:
            while not self._is_closed:
                found = self._take()
                if found is not None:
                    return found
                due = min((queue.due() for queue in self._waiting), default=None)
                self._change.wait(None if due is None else max(0.0, due - time.monotonic()))
        return None

    def _take(self) -> tuple[Queue, Batch] | None:
        now = time.monotonic()
        for _ in range(len(self._waiting)):
            queue = self._waiting.popleft()
            batch = queue.take(now)
            if not queue.is_empty():
                self._waiting.append(queue)
            if batch is not None:
                if self._waiting:
                    # Somebody must look after what is left while this thread is busy.
                    self._change.notify()
                return queue, batch
        return None
