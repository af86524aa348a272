"""Signatures of graphs that TensorFlow 1 saved: names of tensors to feed and to fetch.

Nothing checks them when they are saved. One that names what is not there, or needs what nobody
feeds, is refused when it is asked, in the words of TensorFlow's session. Imports TensorFlow.
"""

import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef as Signature
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo

# TensorFlow has no public way to load such a graph without its signatures.
from tensorflow.python.saved_model import load_v1_in_v2
from tensorflow.python.trackable.autotrackable import AutoTrackable
from tensorflow.types.experimental import ConcreteFunction

from serving.models.signature_function import GraphFunction
from serving.protocol.errors import ServingError, invalid_argument

_PLACEHOLDERS = ("Placeholder", "PlaceholderV2")


class GraphLoader(load_v1_in_v2._EagerSavedModelLoader):
    """TensorFlow's own, but signatures are left out: one that is broken would stop it."""

    def _extract_signatures(self, wrapped: object, meta_graph_def: object) -> dict:
        return {}


def graph_function(restored: AutoTrackable, signature: Signature) -> GraphFunction:
    """A signature of a graph, to be run.

    Args:
        restored: what `GraphLoader` has loaded.
        signature: which tensors are fed and fetched.

    Raises:
        ServingError: INVALID_ARGUMENT, it cannot be run.
    """
    graph = restored.graph
    feeds = {alias: _feed(graph, alias, signature) for alias in sorted(signature.inputs)}
    names = [tensor.name for tensor in feeds.values()]
    for name in names:
        if names.count(name) > 1:
            raise invalid_argument(f'Endpoint "{name}" fed more than once.')
    fetches = {alias: _fetch(graph, alias, signature) for alias in sorted(signature.outputs)}
    reasons = [each for each in fetches.values() if isinstance(each, str)]
    if reasons and len(reasons) == len(fetches):
        raise invalid_argument(reasons[0])

    def prune(aliases: tuple[str, ...]) -> ConcreteFunction:
        for alias in aliases:
            if isinstance(fetches[alias], str):
                raise invalid_argument(fetches[alias])
        inputs, outputs = list(feeds.values()), {alias: fetches[alias] for alias in aliases}
        _require_fed(graph, inputs, list(outputs.values()))
        return restored.prune(inputs, outputs)

    return GraphFunction(prune, tuple(feeds), tuple(fetches))


def _feed(graph: tf.Graph, alias: str, signature: Signature) -> tf.Tensor:
    name = _name(signature.inputs[alias], f"input {alias}", "fed")
    try:
        return graph.get_tensor_by_name(name)
    except (KeyError, ValueError) as error:
        message = f"FeedInputs: unable to find feed output {name}"
        raise invalid_argument(message) from error


def _fetch(graph: tf.Graph, alias: str, signature: Signature) -> tf.Tensor | str:
    """What is fetched; the reason where it cannot be, which is nothing to the other outputs."""
    try:
        name = _name(signature.outputs[alias], f"output {alias}", "fetched")
    except ServingError as error:
        return error.message
    try:
        tensor = graph.get_tensor_by_name(name)
    except (KeyError, ValueError):
        return _not_fetched(graph, name)
    with graph.as_default():
        # The value of a variable, which a function cannot return itself. And a function gives its
        # outputs' names away: operations that are fetched would have others in their errors.
        return tf.identity(tensor, name="fetched")


def _name(info: TensorInfo, what: str, done: str) -> str:
    encoding = info.WhichOneof("encoding") or "name"
    if encoding != "name":
        raise invalid_argument(f"{what} is a {encoding}, not a dense tensor; it cannot be {done}")
    return info.name if ":" in info.name or not info.name else f"{info.name}:0"


def _not_fetched(graph: tf.Graph, name: str) -> str:
    operation = name.partition(":")[0]
    if operation not in (each.name for each in graph.get_operations()):
        return f"FetchOutputs node {name}: not found"
    outputs = len(graph.get_operation_by_name(operation).outputs)
    return f"FetchOutputs {name}: output index too large, must be < {outputs}"


def _require_fed(graph: tf.Graph, feeds: list[tf.Tensor], fetches: list[tf.Tensor]) -> None:
    """Check that the fetches need no placeholder beside the feeds."""
    given = {*(tensor.ref() for tensor in feeds), *(one.ref() for one in graph.internal_captures)}
    waiting = [tensor.op for tensor in fetches if tensor.ref() not in given]
    seen = set(waiting)
    while waiting:
        operation = waiting.pop()
        if operation.type in _PLACEHOLDERS:
            raise invalid_argument(_unfed(operation))
        needed = [tensor.op for tensor in operation.inputs if tensor.ref() not in given]
        for other in {*needed, *operation.control_inputs} - seen:
            seen.add(other)
            waiting.append(other)


def _unfed(placeholder: tf.Operation) -> str:
    tensor = placeholder.outputs[0]
    shape = ""
    if tensor.shape.rank is not None:
        sizes = ("?" if size is None else str(size) for size in tensor.shape)
        shape = f" and shape [{','.join(sizes)}]"
    kind = types_pb2.DataType.Name(tensor.dtype.as_datatype_enum).removeprefix("DT_").lower()
    return (
        f"You must feed a value for placeholder tensor '{placeholder.name}' with dtype "
        f"{kind}{shape}\n\t [[{{{{node {placeholder.name}}}}}]]"
    )
