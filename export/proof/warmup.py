"""Warm-up requests, which TensorFlow Serving runs before a version answers its first user.

`assets.extra/tf_serving_warmup_requests` is a TFRecord file of PredictionLogs. One record that
fails keeps the whole version from loading, and more than 1,000 do too, so the proof replays them.
"""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from export.artifact.documents import Golden
from export.proof.contract import promised_to
from export.proof.runner import serialize

LENGTHS = (0, 1, 10, 50, 200)
BATCHES = (1, 8)
LONG = 1000  # characters of an id


def write_warmup(path: Path, golden: Golden, window: int) -> None:
    """Write requests to every signature: of several lengths and batch sizes, and golden calls.

    Args:
        path: the file.
        golden: golden requests; ids are taken from them.
        window: the encoder's; one length is exactly that.
    """
    contract = promised_to(golden)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in warmup_requests(golden, window):
            kinds, _ = contract[signature]
            writer.write(_record(signature, inputs, kinds).SerializeToString())


def warmup_requests(golden: Golden, window: int) -> Iterator[tuple[str, dict]]:
    """(signature, plain lists by input)."""
    name = golden.id_name
    batch = max((request.histories for request in golden.requests), key=len)
    known = [raw for history in batch for raw in history]
    # A giant id would be repeated thousands of times.
    short = [raw for raw in known if len(str(raw)) <= LONG]
    known = short or [min(known, key=lambda raw: len(str(raw)))]
    for length in sorted({*LENGTHS, window}):
        for size in BATCHES:
            rows = [[known[(i + j) % len(known)] for j in range(length)] for i in range(size)]
            yield "serving_default", {name: rows}
            yield "encode", {name: rows}
            splits = [length * i for i in range(size + 1)]
            yield "ragged", {name: [raw for row in rows for raw in row], "row_splits": splits}
            texts = [golden.text_separator.join(map(str, row)) for row in rows]
            yield "text", {"history": texts}
            yield "examples", {"inputs": [serialize(row, name) for row in rows]}
    for call in golden.calls:
        yield call.signature, call.inputs
    for request in golden.timed or ():
        length = max(map(len, request.histories))
        if all(len(row) == length for row in request.histories):
            times = {"timestamps": request.timestamps, "now": request.now}
            yield "timed", {name: request.histories, **times}


def _record(signature: str, inputs: dict, kinds: dict) -> prediction_log_pb2.PredictionLog:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "warmup"  # TensorFlow Serving reads the signature's name only
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        kind, sides = kinds[name]
        array = tf.constant(value, kind)
        # No histories, or histories of no items, are lists without a trace of their other sides.
        shape = [*array.shape, *[0] * (len(sides) - array.shape.rank)]
        request.inputs[name].CopyFrom(tf.make_tensor_proto(array.numpy(), kind, shape))
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(request)
    return log


def read_warmup(path: Path) -> Iterator[tuple[str, dict]]:
    """(signature, arrays by input) of each record."""
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        arrays = {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()}
        yield request.model_spec.signature_name, arrays
