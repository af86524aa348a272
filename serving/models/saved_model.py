"""SavedModel files: what they define, and what TensorFlow restores of it. Imports TensorFlow."""

import logging

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from serving.models.graph_signature import GraphLoader, graph_function
from serving.models.operation_packages import require_operations
from serving.models.signature_function import BrokenFunction, RestoredFunction, SignatureFunction
from serving.models.versions import VersionDirectory
from serving.protocol.errors import InputError, ServingError, invalid_argument

SERVE_TAG = "serve"
INITIALIZER = "__saved_model_init_op"  # a signature of every model of TensorFlow 2

logger = logging.getLogger(__name__)


class SavedModel:
    """A SavedModel in memory.

    Args:
        directory: where it is.

    Attributes:
        definitions: the signatures as the file says; TensorFlow's own objects leave out names.
        restored: what TensorFlow has loaded; without it, its variables would be freed.
        functions: what runs the signatures, by name.

    Raises:
        InputError: not a SavedModel, none of its graphs is tagged `serve`, or an operation is
            not there.
        Exception: whatever TensorFlow raises on a file from elsewhere.
    """

    def __init__(self, directory: VersionDirectory):
        meta_graph, is_object = _read(directory)
        self.definitions = dict(meta_graph.signature_def)
        try:
            require_operations(meta_graph.graph_def)
        except InputError as error:
            raise not_loadable(directory, str(error)) from error
        path = str(directory.path)
        if is_object:
            self.restored = tf.saved_model.load(path, tags=[SERVE_TAG])
        else:
            self.restored = GraphLoader(path).load(tags=[SERVE_TAG])
        self.functions: dict[str, SignatureFunction] = {}
        for name in self.definitions:
            try:
                self.functions[name] = self._function(name, is_object)
            except ServingError as error:
                if name != INITIALIZER:
                    where = f"model {directory.model} version {directory.version}, signature {name}"
                    logger.info("%s cannot be run: %s", where, error.message)
                self.functions[name] = BrokenFunction(error)

    def _function(self, name: str, is_object: bool) -> SignatureFunction:
        if not is_object:
            return graph_function(self.restored, self.definitions[name])
        if name not in self.restored.signatures:
            raise invalid_argument(f"signature {name!r} is none that can be run")
        return RestoredFunction(self.restored.signatures[name])


def read_definitions(directory: VersionDirectory) -> dict[str, meta_graph_pb2.SignatureDef]:
    """The signatures as the SavedModel file defines them, TensorFlow's own included.

    Raises:
        InputError: not a SavedModel, or none of its graphs is tagged `serve`.
    """
    return dict(_read(directory)[0].signature_def)


def not_loadable(directory: VersionDirectory, reason: str) -> InputError:
    """The error of a version that cannot be loaded."""
    return InputError(
        f"model {directory.model!r} version {directory.version}: {directory.path} cannot be "
        f"loaded; expected a SavedModel tagged {SERVE_TAG!r}. Received: {reason[:500]}"
    )


def _read(directory: VersionDirectory) -> tuple[meta_graph_pb2.MetaGraphDef, bool]:
    """The graph to serve, and whether it was saved as an object, as TensorFlow 2 does."""
    saved_model = saved_model_pb2.SavedModel()
    path = directory.path / "saved_model.pb"
    try:
        if path.is_file():
            saved_model.ParseFromString(path.read_bytes())
        else:
            path = directory.path / "saved_model.pbtxt"
            text_format.Parse(path.read_text(encoding="utf-8"), saved_model)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
        raise not_loadable(directory, f"{path.name} is not a SavedModel ({error})") from error
    for graph in saved_model.meta_graphs:
        if set(graph.meta_info_def.tags) == {SERVE_TAG}:
            alone = len(saved_model.meta_graphs) == 1
            return graph, alone and graph.HasField("object_graph_def")
    raise not_loadable(directory, f"{path.name} has no graph tagged {SERVE_TAG!r}")
