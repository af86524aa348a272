"""Warm-up requests, which TensorFlow Serving runs before a version answers its first user.

`assets.extra/tf_serving_warmup_requests` is a TFRecord file of PredictionLogs. One record that
fails keeps the whole version from loading, and more than 1,000 do too, so the proof replays them.
"""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

NAME = "tf_serving_warmup_requests"
LENGTHS = (0, 1, 10, 50, 200)
BATCHES = (1, 8)


def write_warmup(path: Path, golden: dict, window: int, padding: int | str) -> None:
    """Write requests to every signature: of several lengths and batch sizes, and golden calls.

    Args:
        path: the file.
        golden: golden requests; ids are taken from them.
        window: the encoder's; one length is exactly that.
        padding: the id that stands for none.
    """
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in warmup_requests(golden, window, padding):
            writer.write(_record(signature, inputs).SerializeToString())


def warmup_requests(golden: dict, window: int, padding) -> Iterator[tuple[str, dict]]:
    """(signature, tensors by input)."""
    name = golden["id_name"]
    batch = next(r["histories"] for r in golden["requests"] if r["name"] == "batch_of_64")
    known = [raw for history in batch for raw in history]
    kind = tf.string if isinstance(padding, str) else tf.int64
    for length in sorted({*LENGTHS, window}):
        for size in BATCHES:
            ids = [known[(i + j) % len(known)] for i in range(size) for j in range(length)]
            dense = tf.constant(ids, kind, shape=[size, length])
            yield "serving_default", {name: dense}
            yield "encode", {name: dense}
            splits = tf.range(0, size * length + 1, length) if length else tf.zeros([size + 1])
            flat = {name: tf.reshape(dense, [-1]), "row_splits": tf.cast(splits, tf.int64)}
            yield "ragged", flat
            texts = [golden["text_separator"].join(map(str, row)) for row in _rows(dense)]
            yield "text", {"history": tf.constant(texts)}
            yield "examples", {"inputs": tf.constant([_example(r, name) for r in _rows(dense)])}
    for call in golden["calls"]:
        yield call["signature"], {k: _tensor(k, v, name, kind) for k, v in call["inputs"].items()}


def _rows(ids: tf.Tensor) -> list[list]:
    return [
        [raw.decode() if isinstance(raw, bytes) else raw for raw in row]
        for row in ids.numpy().tolist()
    ]


def _example(history: list, name: str) -> bytes:
    from export.signature_runner import serialize

    return serialize(history, name)


def _tensor(key: str, value, name: str, kind: tf.DType) -> tf.Tensor:
    types = {name: kind, "exclude_ids": kind, "candidate_ids": kind}
    return tf.constant(value, types.get(key, {"k": tf.int32, "filter_seen": tf.bool}.get(key)))


def _record(signature: str, inputs: dict) -> prediction_log_pb2.PredictionLog:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "warmup"  # TensorFlow Serving reads the signature's name only
    request.model_spec.signature_name = signature
    for name, tensor in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(tensor.numpy(), tensor.dtype))
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(request)
    return log


def read_warmup(path: Path) -> Iterator[tuple[str, dict]]:
    """(signature, arrays by input) of each record."""
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        arrays = {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()}
        yield request.model_spec.signature_name, arrays
