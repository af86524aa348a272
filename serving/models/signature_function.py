"""Signatures that can be run, wholly or for some of their outputs. Imports TensorFlow.

As with TensorFlow Serving's sessions, only what the fetched outputs need is run, and a signature
that cannot be run says so when it is asked.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Protocol

import tensorflow as tf

# TensorFlow has no public way to cancel a function, or to call one without its reports on errors.
from tensorflow.python.eager import cancellation, context
from tensorflow.python.eager.polymorphic_function.atomic_function import AtomicFunction
from tensorflow.types.experimental import ConcreteFunction

from serving.inference.deadline import DEADLINE
from serving.models.inlined_graph import inline
from serving.protocol.errors import ServingError, invalid_argument

MOST_SELECTIONS = 16  # of a signature's outputs, that are kept

logger = logging.getLogger(__name__)

Outputs = dict[str, object]


class SignatureFunction(Protocol):
    """What runs a signature."""

    def call(self, feeds: dict[str, tf.Tensor], wanted: tuple[str, ...] | None) -> Outputs:
        """The outputs by alias, or only the wanted ones.

        Raises:
            ServingError: INVALID_ARGUMENT, the signature, or an output, cannot be run.
        """


class RestoredFunction:
    """A function that TensorFlow 2 saved.

    It is called without what its own call does for gradients and nested arguments: that takes half
    a millisecond, as long as a fifth of a small encoder.
    """

    def __init__(self, function: ConcreteFunction):
        self._function = function
        self._aliases = function._arg_keywords
        self._captured = function.captured_inputs
        self._outputs = tf.nest.pack_sequence_as(
            function.graph.structured_outputs, function.graph.outputs, expand_composites=True
        )
        self._selections = _Selections(self._select)
        self._inlined: ConcreteFunction | None = None

    def call(self, feeds: dict[str, tf.Tensor], wanted: tuple[str, ...] | None) -> Outputs:
        """See `SignatureFunction`."""
        inputs = [*(feeds[alias] for alias in self._aliases), *self._captured]
        for alias in wanted or self._outputs:
            _require_dense(alias, self._outputs[alias])
        function = self._function if wanted is None else self._selections.get(wanted)
        outputs = run(function.inference_fn, inputs)
        return outputs if wanted is None else {alias: outputs[alias] for alias in wanted}

    def _select(self, wanted: tuple[str, ...]) -> ConcreteFunction:
        try:
            if self._inlined is None:
                self._inlined = inline(self._function)
            inputs = [tensor.name for tensor in self._function.graph.inputs]
            outputs = {alias: self._outputs[alias].name for alias in wanted}
            return self._inlined.prune(inputs, outputs)
        except Exception as error:  # a graph that cannot be taken apart still runs as a whole
            logger.warning("running all outputs for %s: %s", ",".join(wanted), error)
            return self._function


class GraphFunction:
    """A signature of a graph that TensorFlow 1 saved.

    Args:
        prune: cuts a function out of the graph, for the outputs of these aliases.
        inputs: their aliases, in the order of the function's arguments.
        outputs: their aliases.
    """

    def __init__(
        self,
        prune: Callable[[tuple[str, ...]], ConcreteFunction],
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
    ):
        self._inputs, self._outputs = inputs, outputs
        self._selections = _Selections(prune)

    def call(self, feeds: dict[str, tf.Tensor], wanted: tuple[str, ...] | None) -> Outputs:
        """See `SignatureFunction`."""
        function = self._selections.get(wanted or self._outputs)
        inputs = [*(feeds[alias] for alias in self._inputs), *function.captured_inputs]
        return run(function.inference_fn, inputs)


class BrokenFunction:
    """A signature that cannot be run, and why."""

    def __init__(self, error: ServingError):
        self._error = error

    def call(self, feeds: dict[str, tf.Tensor], wanted: tuple[str, ...] | None) -> Outputs:
        """See `SignatureFunction`."""
        # Anew: one that is raised again and again keeps what every request brought.
        raise ServingError(self._error.code, self._error.message)


class _Selections:
    """Functions for some of the outputs, made when first asked for; the last used are kept."""

    def __init__(self, make: Callable[[tuple[str, ...]], ConcreteFunction]):
        self._make = make
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, ...], ConcreteFunction] = OrderedDict()

    def get(self, wanted: Iterable[str]) -> ConcreteFunction:
        """The function for these outputs, in whatever order."""
        key = tuple(sorted(wanted))
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(key)
            self._made.move_to_end(key)
            while len(self._made) > MOST_SELECTIONS:
                self._made.popitem(last=False)
            return self._made[key]


def run(function: AtomicFunction, inputs: list[tf.Tensor]) -> Outputs:
    """What an atomic function returns; it is cancelled when the request's time is over."""
    deadline = DEADLINE.get()
    if deadline is None:
        return _run(function, inputs)
    deadline.require_time()
    manager = cancellation.CancellationManager()
    deadline.watch(manager.start_cancel)
    with cancellation.CancellationManagerContext(manager):
        return _run(function, inputs)


def _run(function: AtomicFunction, inputs: list[tf.Tensor]) -> Outputs:
    kind = function.function_type
    outputs = context.context().call_function(function.name, inputs, len(kind.flat_outputs))
    return kind.pack_output(outputs or [])


def _require_dense(alias: str, output: object) -> None:
    if not isinstance(output, tf.Tensor):
        raise invalid_argument(
            f"output {alias} is a {type(output).__name__}, not a dense tensor; it cannot be fetched"
        )
