"""Requests that wait to be merged: one queue of batches a signature of a model."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field

from serving.batching.batch_tensors import Feeds, split
from serving.batching.parameters import BatchingParameters
from serving.inference.deadline import DEADLINE, Deadline, Ended
from serving.protocol.errors import ServingError, invalid_argument
from serving.protocol.status import Code


@dataclass(frozen=True)
class Task:
    """A request, or a part of one, in a queue.

    Attributes:
        feeds: alias -> tensor, `(rows, ...)`.
        rows: how many.
        deadline: of the request; None if it has none.
        outputs: will hold alias -> tensor, `(rows, ...)`, or the error.
        stop: what to stop when nobody waits for the outputs any more, while they are made.
    """

    feeds: Feeds
    rows: int
    deadline: Deadline | None = None
    outputs: Future = field(default_factory=Future)
    stop: Deadline = field(default_factory=Deadline)

    @property
    def has_ended(self) -> bool:
        """Whether nobody waits for it; if so, it is never run."""
        if self.deadline is not None and self.deadline.is_over:
            self.outputs.cancel()
        return self.outputs.cancelled()

    def end(self) -> bool:
        """Nobody waits any more. Returns whether it had not begun."""
        if self.outputs.cancel():
            return True
        with suppress(InvalidStateError):  # it may be answered by now
            self.outputs.set_exception(Ended())
        self.stop.end()
        return False


@dataclass
class Batch:
    """Tasks that run together.

    Attributes:
        tasks: in the order of their arrival.
        rows: of all tasks.
        started: when the first one came, on the monotonic clock.
    """

    tasks: list[Task] = field(default_factory=list)
    rows: int = 0
    started: float = 0.0

    def add(self, task: Task) -> None:
        """Append a task."""
        if not self.tasks:
            self.started = time.monotonic()
        self.tasks.append(task)
        self.rows += task.rows

    def drop_ended(self) -> None:
        """Remove the tasks that nobody waits for."""
        self.tasks = [task for task in self.tasks if not task.has_ended]
        self.rows = sum(task.rows for task in self.tasks)


class Queue:
    """The batches of one signature; the last one is open, the others are full.

    Args:
        parameters: how large batches are and how long they wait.
        process: runs the tasks of a batch and sets their outputs; must not raise.
    """

    def __init__(self, parameters: BatchingParameters, process: Callable[[list[Task]], None]):
        self.process = process
        self._parameters = parameters
        self._batches = deque([Batch()])

    def add(self, feeds: Feeds, rows: int) -> list[Task]:
        """Queue a request.

        Returns:
            Its parts, in order; only one unless requests are split.

        Raises:
            ServingError: INVALID_ARGUMENT, it is larger than a request may be; UNAVAILABLE, the
                queue is full.
        """
        self._drop_ended()
        self._require_room(rows)
        deadline = DEADLINE.get()
        tasks = [Task(feeds, rows, deadline)]
        if self._parameters.enable_large_batch_splitting:
            sizes = self._part_sizes(rows)
            parts = zip(split(feeds, sizes), sizes, strict=True)
            tasks = [Task(*part, deadline) for part in parts]
        for task in tasks:
            if self._batches[-1].rows + task.rows > self._parameters.batch_limit:
                self._batches.append(Batch())
            self._batches[-1].add(task)
        return tasks

    def take(self, now: float) -> Batch | None:
        """The next batch that is full or has waited long enough, if there is one."""
        self._drop_ended()
        batch = self._batches[0]
        is_full = len(self._batches) > 1 or batch.rows >= self._parameters.batch_limit
        if not batch.tasks or not (is_full or now >= self.due()):
            return None
        self._batches.popleft()
        if not self._batches:
            self._batches.append(Batch())
        return batch

    def due(self) -> float:
        """When the first batch runs at the latest, on the monotonic clock."""
        return self._batches[0].started + self._parameters.batch_timeout_micros / 1e6

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._batches[0].tasks

    def _drop_ended(self) -> None:
        for batch in self._batches:
            batch.drop_ended()
        self._batches = deque(batch for batch in self._batches if batch.tasks) or deque([Batch()])

    def _require_room(self, rows: int) -> None:
        limits, waiting = self._parameters, len(self._batches)
        if rows > limits.max_batch_size:
            raise invalid_argument(
                f"Task size {rows} is larger than maximum input batch size {limits.max_batch_size}"
            )
        full = "The batch scheduling queue to which this task was submitted is full; "
        free = limits.batch_limit - self._batches[-1].rows
        if limits.enable_large_batch_splitting:
            capacity = (limits.max_enqueued_batches - waiting) * limits.batch_limit + free
            if rows > capacity:
                raise ServingError(
                    Code.UNAVAILABLE,
                    f"{full}task size is {rows} but scheduling capacity is only {capacity}",
                )
        elif rows > free and waiting >= limits.max_enqueued_batches:
            raise ServingError(
                Code.UNAVAILABLE,
                f"{full}currently {waiting} batches enqueued and max_enqueued_batches is "
                f"{limits.max_enqueued_batches}",
            )

    def _part_sizes(self, rows: int) -> list[int]:
        limit = self._parameters.batch_limit
        first = min(rows, limit - self._batches[-1].rows)
        rest = range(first, rows, limit)
        sizes = [first, *(min(limit, rows - start) for start in rest)]
        return [size for size in sizes if size]
