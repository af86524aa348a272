"""Warm-up: the requests that a SavedModel brings along, answered before it serves anybody.

`assets.extra/tf_serving_warmup_requests` is a TFRecord file of `PredictionLog`s, as TensorFlow
Serving reads it: the first request to a graph is slow, and a model that fails one is not served.
"""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from serving.inference.examples import example_feeds, serialized_examples
from serving.inference.results import CLASSES, REGRESSION, SCORES
from serving.inference.servable import DEFAULT_SIGNATURE, Servable
from serving.inference.tensor import Tensor
from serving.models.tensor_proto import read_tensor_protos
from serving.models.versions import VersionDirectory
from serving.protocol.errors import InputError, ServingError, unimplemented
from serving.protocol.proto_messages import DynamicMessage

FILE = "assets.extra/tf_serving_warmup_requests"
MOST_RECORDS = 1000


def warm_up(model: Servable, directory: VersionDirectory, iterations: int = 1) -> int:
    """Run a model's warm-up requests.

    Args:
        model: what is asked.
        directory: where it came from.
        iterations: how often each request is run.

    Returns:
        How many requests there were.

    Raises:
        InputError: the file cannot be read, a request fails, or there are more than 1,000.
    """
    path = directory.path / FILE
    if not path.is_file():
        return 0
    number = 0
    where = f"model {directory.model!r} version {directory.version}: {path}, record"
    try:
        for number, record in enumerate(_records(path), start=1):
            if number > MOST_RECORDS:
                raise InputError(f"{where} {number}: expected at most {MOST_RECORDS} records")
            for _ in range(iterations):
                _run(model, record)
    except (ServingError, DecodeError, tf.errors.OpError) as error:
        raise InputError(f"{where} {number}: expected an answer. Received: {error}") from error
    if path.stat().st_size and not number:
        raise InputError(f"{where} 1: expected a TFRecord file. Received: something else")
    return number


def _records(path: Path) -> Iterator[DynamicMessage]:
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        yield PredictionLog.FromString(record)


def _run(model: Servable, record: DynamicMessage) -> None:
    kind = record.WhichOneof("log_type")
    if kind not in ("predict_log", "classify_log", "regress_log", "multi_inference_log"):
        raise unimplemented(f"Unsupported log_type for warmup: {kind}")
    request = getattr(record, kind).request
    if kind == "predict_log":
        feeds = read_tensor_protos(request.inputs)
        _ask(model, request.model_spec.signature_name, feeds, set(request.output_filter))
        return
    feeds = example_feeds(serialized_examples(request.input))
    for task in request.tasks if kind == "multi_inference_log" else [request]:
        _ask(model, task.model_spec.signature_name, feeds, {CLASSES, SCORES, REGRESSION})


def _ask(model: Servable, signature_name: str, feeds: dict[str, Tensor], wanted: set[str]) -> None:
    name = signature_name or DEFAULT_SIGNATURE
    if name not in model.signatures:
        raise unimplemented(f"no signature {name!r}")
    known = wanted & model.signatures[name].outputs.keys()
    model.run(name, model.with_defaults(name, feeds), known or None)
