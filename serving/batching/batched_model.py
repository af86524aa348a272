"""Models whose requests are merged, as with TensorFlow Serving's `--enable_batching`.

A model with batching runs like one without, but requests to the same signature that come at the
same time run as one. Every input and every output must have the batch as dimension 0. A request
that fails in the graph fails those it was merged with.
"""

from collections.abc import Collection
from concurrent.futures import CancelledError, InvalidStateError
from contextlib import suppress
from functools import partial
from threading import Lock

import numpy as np

from serving.batching.batch_queue import Queue, Task
from serving.batching.batch_scheduler import Scheduler
from serving.batching.batch_tensors import Feeds, count_rows, merge, pad, split
from serving.batching.parameters import BatchingParameters
from serving.inference.deadline import DEADLINE, Deadline, run_until
from serving.inference.limits import WIDE, Limits
from serving.inference.servable import Servable, selected
from serving.inference.tensor import Tensor, own_strings
from serving.models.tensor_proto import type_name
from serving.protocol.errors import ServingError
from serving.protocol.status import Code


class BatchedModel:
    """A `Servable` whose requests are merged and answered by another.

    Args:
        model: what runs the batches; it must have no limits, for batches are larger than requests.
        scheduler: the threads for it.
        parameters: how large batches are and how long they wait.

    Attributes:
        limits: the largest request that is answered.
    """

    limits: Limits = WIDE

    def __init__(self, model: Servable, scheduler: Scheduler, parameters: BatchingParameters):
        self.name, self.version = model.name, model.version
        self.definitions, self.signatures = model.definitions, model.signatures
        self.with_defaults = model.with_defaults
        self._model, self._scheduler = model, scheduler
        self._queues = {
            name: Queue(parameters, partial(_process, model, name, parameters))
            for name in self.signatures
        }

    def column(self, name: str) -> np.ndarray | None:
        """See `Servable`."""
        return self._model.column(name)

    def run(
        self,
        signature_name: str,
        feeds: dict[str, Tensor],
        wanted: Collection[str] | None = None,
    ) -> dict[str, Tensor]:
        """Run a signature, together with requests that come at the same time.

        A request for some of the outputs runs alone, as in TensorFlow Serving; otherwise see
        `Servable`.

        Raises:
            ServingError: as there; INVALID_ARGUMENT, the inputs have different
                numbers of rows, or more than allowed; FAILED_PRECONDITION, requests cannot be
                merged, or outputs not be taken apart; UNAVAILABLE, too many are waiting.
        """
        self.limits.require_feeds(feeds)
        selection = selected(wanted, self.signatures[signature_name])
        if selection is not None:
            return self._model.run(signature_name, feeds, selection)
        rows = count_rows(feeds)
        types = {alias: type_name(tensor) for alias, tensor in feeds.items()}
        if not rows or types != self.signatures[signature_name].inputs:
            # Nothing to merge, or wrong by itself: others shall not fail with it.
            return self._model.run(signature_name, feeds)
        # A request that ends while its batch runs frees its strings.
        tasks = self._scheduler.run(self._queues[signature_name], own_strings(feeds), rows)
        parts = _wait(tasks)
        return parts[0] if len(parts) == 1 else merge(parts)


def _wait(tasks: list[Task]) -> list[Feeds]:
    """The outputs of tasks; nobody waits for them when the request's time is over."""
    deadline = DEADLINE.get()
    if deadline is not None:
        # All of them, whatever the first says.
        deadline.watch(lambda: all([task.end() for task in tasks]))
    try:
        return [task.outputs.result() for task in tasks]
    except CancelledError:
        message = "Run() timeout exceeded while waiting in batching queue"
        raise ServingError(Code.RESOURCE_EXHAUSTED, message) from None


def _process(
    model: Servable, signature_name: str, parameters: BatchingParameters, tasks: list[Task]
) -> None:
    """Run tasks as one batch and set the outputs of each."""
    tasks = [
        task for task in tasks if not task.has_ended and task.outputs.set_running_or_notify_cancel()
    ]
    if not tasks:
        return
    try:
        answers = run_until(_deadline(tasks), _answers, model, signature_name, parameters, tasks)
    except Exception as error:
        for task in tasks:
            with suppress(InvalidStateError):  # nobody waits for this one any more
                task.outputs.set_exception(error)
    else:
        for task, answer in zip(tasks, answers, strict=True):
            with suppress(InvalidStateError):
                task.outputs.set_result(answer)


def _deadline(tasks: list[Task]) -> Deadline:
    """The time of a batch is over when that of all its tasks is."""
    batch, lock, waiting = Deadline(), Lock(), set(map(id, tasks))

    def one_less(task: int) -> None:
        with lock:
            waiting.discard(task)
            if waiting:
                return
        batch.end()

    for task in tasks:
        task.stop.watch(partial(one_less, id(task)))
    return batch


def _answers(
    model: Servable, signature_name: str, parameters: BatchingParameters, tasks: list[Task]
) -> list[Feeds]:
    requests = [task.feeds for task in tasks]
    if parameters.pad_variable_length_inputs:
        requests = pad(requests)
    sizes = [task.rows for task in tasks]
    extra_rows = parameters.padded_size(sum(sizes)) - sum(sizes)
    outputs = model.run(signature_name, merge(requests, extra_rows))
    return split(outputs, [*sizes, extra_rows])[:-1]
