"""A version of a model in memory: load a SavedModel and run its signatures. Imports TensorFlow.

Only the types of a signature's inputs are enforced, not their shapes: a tensor of another shape
or rank runs until an operation refuses it, and that is the client's error (HTTP 400), as in
TensorFlow Serving. A signature that returns a ragged or sparse tensor is refused likewise.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

# TensorFlow has no public way to cancel a function, or to call one without its reports on errors.
from tensorflow.python.eager import cancellation, context
from tensorflow.types.experimental import ConcreteFunction

from serving.errors import InputError, ServingError, UnreadableError, invalid_argument
from serving.metrics import Metrics
from serving.models.catalogue import Catalogue
from serving.models.deadline import DEADLINE
from serving.models.limits import WIDE, Limits
from serving.models.operation_message import operation_message
from serving.models.tensor import Tensor
from serving.models.tensor_proto import NUMPY_RANK, from_tensorflow, read_tensor_protos
from serving.models.versions import VersionDirectory, find_unreadable
from serving.status import Code

SERVE_TAG = "serve"


@dataclass(frozen=True)
class Signature:
    """What a signature takes and returns: alias -> name of the TensorFlow type (`DT_INT64`)."""

    inputs: dict[str, str]
    outputs: dict[str, str]


class LoadedModel:
    """One version of a model, ready to run. Safe to use from several threads.

    Attributes:
        limits: the largest request that it answers.
    """

    limits: Limits = WIDE

    def __init__(self, directory: VersionDirectory, metrics: Metrics | None = None):
        """Load a version.

        Args:
            directory: where it is.
            metrics: where the time in the graph is counted.

        Raises:
            InputError: the directory holds no SavedModel that this TensorFlow can load.
        """
        self._metrics = metrics or Metrics()
        self.name = directory.model
        self.version = directory.version
        try:
            # The definitions say what the file says; TensorFlow's own objects leave out names.
            self.definitions = read_definitions(directory)
            # Without the restored object its variables would be freed.
            self._restored = tf.saved_model.load(str(directory.path), tags=[SERVE_TAG])
        except InputError:
            raise
        except Exception as error:  # A file from elsewhere can fail in any way at all.
            unreadable = find_unreadable(directory.path)
            if unreadable:
                raise UnreadableError(str(_not_loadable(directory, unreadable))) from error
            raise _not_loadable(directory, operation_message(str(error))) from error
        self.signatures = {
            name: _signature(definition) for name, definition in self.definitions.items()
        }
        self._functions = {
            name: _Function(function) for name, function in self._restored.signatures.items()
        }

    def with_defaults(self, signature_name: str, feeds: dict[str, Tensor]) -> dict[str, Tensor]:
        """`feeds`, and the defaults of the inputs that are left out, as over gRPC."""
        defaults = self.definitions[signature_name].defaults
        return read_tensor_protos(defaults) | feeds

    def run(self, signature_name: str, feeds: dict[str, Tensor]) -> dict[str, Tensor]:
        """Run a signature.

        Args:
            signature_name: one of `signatures`.
            feeds: alias -> tensor, every input of the signature.

        Returns:
            alias -> tensor, every output, in alphabetical order.

        Raises:
            ServingError: what TensorFlow raised, with TensorFlow's code; or beyond the limits.
        """
        self.limits.require_feeds(feeds)
        try:
            fed = {alias: _to_tensorflow(tensor) for alias, tensor in feeds.items()}
            with self._metrics.runtime(self.name):
                outputs = self._functions[signature_name].call(fed)
            return {alias: _from_tensorflow(alias, outputs[alias]) for alias in sorted(outputs)}
        except tf.errors.OpError as error:
            raise ServingError(Code(error.error_code), operation_message(error.message)) from error
        except (TypeError, ValueError, KeyError) as error:
            # Inputs that no dense tensor can stand for: sparse or ragged ones.
            raise invalid_argument(f"signature {signature_name!r}: {error}") from error

    @cached_property
    def catalogue(self) -> Catalogue | None:
        """The items of a model that restores with variables `ids` and `titles` (row 0 is padding).

        Made when first asked for, and kept with the model.
        """
        ids, titles = (_column(getattr(self._restored, name, None)) for name in ("ids", "titles"))
        if ids is None or titles is None or len(ids) != len(titles) or titles.dtype != object:
            return None
        return Catalogue(ids[1:], titles[1:])


def read_definitions(directory: VersionDirectory) -> dict[str, meta_graph_pb2.SignatureDef]:
    """The signatures as the SavedModel file defines them, TensorFlow's own included.

    Raises:
        InputError: not a SavedModel, or none of its graphs is tagged `serve`.
    """
    saved_model = saved_model_pb2.SavedModel()
    path = directory.path / "saved_model.pb"
    try:
        if path.is_file():
            saved_model.ParseFromString(path.read_bytes())
        else:
            path = directory.path / "saved_model.pbtxt"
            text_format.Parse(path.read_text(encoding="utf-8"), saved_model)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
        raise _not_loadable(directory, f"{path.name} is not a SavedModel ({error})") from error
    for graph in saved_model.meta_graphs:
        if set(graph.meta_info_def.tags) == {SERVE_TAG}:
            return dict(graph.signature_def)
    raise _not_loadable(directory, f"{path.name} has no graph tagged {SERVE_TAG!r}")


class _Function:
    """A restored signature without what its own call does for gradients and nested arguments.

    That takes half a millisecond, as long as a fifth of a small encoder.
    """

    def __init__(self, function: ConcreteFunction):
        self._aliases = function._arg_keywords
        self._captured = function.captured_inputs
        self._function = function.inference_fn

    def call(self, feeds: dict[str, tf.Tensor]) -> dict[str, object]:
        """The outputs, by alias; the graph is cancelled when the request's time is over."""
        inputs = [*(feeds[alias] for alias in self._aliases), *self._captured]
        deadline = DEADLINE.get()
        if deadline is None:
            return self._run(inputs)
        manager = cancellation.CancellationManager()
        deadline.watch(manager.start_cancel)
        with cancellation.CancellationManagerContext(manager):
            return self._run(inputs)

    def _run(self, inputs: list[tf.Tensor]) -> dict[str, object]:
        kind = self._function.function_type
        number = len(kind.flat_outputs)
        outputs = context.context().call_function(self._function.name, inputs, number)
        return kind.pack_output(outputs or [])


def _not_loadable(directory: VersionDirectory, reason: str) -> InputError:
    return InputError(
        f"model {directory.model!r} version {directory.version}: {directory.path} cannot be "
        f"loaded; expected a SavedModel tagged {SERVE_TAG!r}. Received: {reason[:500]}"
    )


def _signature(definition: meta_graph_pb2.SignatureDef) -> Signature:
    return Signature(_dtypes(definition.inputs), _dtypes(definition.outputs))


def _dtypes(tensor_infos) -> dict[str, str]:
    return {alias: types_pb2.DataType.Name(info.dtype) for alias, info in tensor_infos.items()}


def _column(value: object) -> np.ndarray | None:
    """The values of a variable with one dimension of integers or strings, else None."""
    if not isinstance(value, (tf.Variable, tf.Tensor)) or value.shape.rank != 1:
        return None
    return value.numpy() if value.dtype.is_integer or value.dtype == tf.string else None


def _to_tensorflow(tensor: Tensor) -> tf.Tensor:
    dtype = tf.string if tensor.values.dtype == object else tensor.values.dtype
    if len(tensor.shape) <= NUMPY_RANK:
        return tf.constant(tensor.values.reshape(tensor.shape), dtype=dtype)
    return tf.reshape(tf.constant(tensor.values, dtype=dtype), tensor.shape)


def _from_tensorflow(alias: str, output: object) -> Tensor:
    if not isinstance(output, tf.Tensor):
        raise invalid_argument(
            f"output {alias} is a {type(output).__name__}, not a dense tensor; it cannot be fetched"
        )
    return from_tensorflow(output)
