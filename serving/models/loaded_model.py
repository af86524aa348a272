"""A version of a model in memory: load a SavedModel and run its signatures. Imports TensorFlow.

Only the types of a signature's inputs are enforced, not their shapes: a tensor of another shape
or rank runs until an operation refuses it, and that is the client's error (HTTP 400), as in
TensorFlow Serving. A signature that returns a ragged or sparse tensor is refused likewise.
"""

from collections.abc import Collection, Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.inference.limits import WIDE, Limits
from serving.inference.servable import Signature, selected
from serving.inference.tensor import VALUES_AT_ONCE, Tensor
from serving.metrics import Metrics
from serving.models.operation_message import operation_message
from serving.models.saved_model import SavedModel, not_loadable
from serving.models.tensor_proto import NUMPY_RANK, from_tensorflow, read_tensor_protos, type_name
from serving.models.versions import VersionDirectory, find_unreadable
from serving.protocol.errors import InputError, ServingError, UnreadableError, invalid_argument
from serving.protocol.status import Code


class LoadedModel:
    """One version of a model, ready to run: a `Servable`. Safe to use from several threads.

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
        self._saved_model = _load(directory)
        self.definitions = self._saved_model.definitions
        self.signatures = {
            name: _signature(definition) for name, definition in self.definitions.items()
        }

    def with_defaults(self, signature_name: str, feeds: dict[str, Tensor]) -> dict[str, Tensor]:
        """See `Servable`."""
        defaults = self.definitions[signature_name].defaults
        return read_tensor_protos(defaults) | feeds

    def run(
        self,
        signature_name: str,
        feeds: dict[str, Tensor],
        wanted: Collection[str] | None = None,
    ) -> dict[str, Tensor]:
        """See `Servable`."""
        self.limits.require_feeds(feeds)
        if len(feeds) < len(self.signatures[signature_name].inputs):
            feeds = self.with_defaults(signature_name, feeds)
        _require_types(feeds, self.signatures[signature_name])
        try:
            fed = {alias: _to_tensorflow(tensor) for alias, tensor in feeds.items()}
            selection = selected(wanted, self.signatures[signature_name])
            with self._metrics.runtime(self.name):
                outputs = self._saved_model.functions[signature_name].call(fed, selection)
            return {alias: from_tensorflow(outputs[alias]) for alias in sorted(outputs)}
        except tf.errors.OpError as error:
            raise ServingError(Code(error.error_code), operation_message(error.message)) from error
        except (TypeError, ValueError, KeyError) as error:
            # Inputs that no dense tensor can stand for: sparse or ragged ones.
            raise invalid_argument(f"signature {signature_name!r}: {error}") from error

    def column(self, name: str) -> np.ndarray | None:
        """See `Servable`."""
        value = getattr(self._saved_model.restored, name, None)
        if not isinstance(value, (tf.Variable, tf.Tensor)) or value.shape.rank != 1:
            return None
        return value.numpy() if value.dtype.is_integer or value.dtype == tf.string else None


def _require_types(feeds: dict[str, Tensor], signature: Signature) -> None:
    for place, (alias, expected) in enumerate(sorted(signature.inputs.items())):
        if alias in feeds and (received := type_name(feeds[alias])) != expected:
            wanted, given = (name.removeprefix("DT_").lower() for name in (expected, received))
            raise invalid_argument(f"Expects arg[{place}] to be {wanted} but {given} is provided")


def _load(directory: VersionDirectory) -> SavedModel:
    try:
        return SavedModel(directory)
    except InputError:
        raise
    except Exception as error:  # A file from elsewhere can fail in any way at all.
        unreadable = find_unreadable(directory.path)
        if unreadable:
            raise UnreadableError(str(not_loadable(directory, unreadable))) from error
        raise not_loadable(directory, operation_message(str(error))) from error


def _signature(definition: meta_graph_pb2.SignatureDef) -> Signature:
    return Signature(_dtypes(definition.inputs), _dtypes(definition.outputs))


def _dtypes(tensor_infos: Mapping[str, meta_graph_pb2.TensorInfo]) -> dict[str, str]:
    return {alias: types_pb2.DataType.Name(info.dtype) for alias, info in tensor_infos.items()}


def _to_tensorflow(tensor: Tensor) -> tf.Tensor:
    dtype = tf.string if tensor.values.dtype == object else tensor.values.dtype
    if dtype == tf.string and len(tensor.values) > VALUES_AT_ONCE:
        starts = range(0, len(tensor.values), VALUES_AT_ONCE)
        parts = [tf.constant(tensor.values[start : start + VALUES_AT_ONCE]) for start in starts]
        return tf.reshape(tf.concat(parts, axis=0), tensor.shape)
    if len(tensor.shape) <= NUMPY_RANK:
        return tf.constant(tensor.values.reshape(tensor.shape), dtype=dtype)
    return tf.reshape(tf.constant(tensor.values, dtype=dtype), tensor.shape)
