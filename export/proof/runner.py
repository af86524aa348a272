"""Ask a SavedModel through each of its signatures, in plain TensorFlow."""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from export.proof.contract import signature_defaults

Nested = Any  # lists of lists, or what is in them


def signature_answers(
    folder: Path, id_name: str, text_separator: str = ", "
) -> Iterator[tuple[str, Callable]]:
    """Each form in which the SavedModel answers: name, and a function from histories to answers.

    The function takes a list of histories (lists of raw ids) and returns one (ids, scores) each.

    Args:
        folder: the SavedModel.
        id_name: name of its id input.
        text_separator: what separates ids in its `text` signature.
    """
    loaded = tf.saved_model.load(str(folder))
    signatures, defaults = loaded.signatures, signature_defaults(folder)
    dtype = signatures["serving_default"].structured_input_signature[1][id_name].dtype

    def ragged(batch: list[list]) -> dict[str, tf.Tensor]:
        histories = _ragged(batch, dtype)
        return {id_name: histories.flat_values, "row_splits": histories.row_splits}

    def text(batch: list[list]) -> dict[str, tf.Tensor]:
        texts = [text_separator.join(map(str, history)) for history in batch]
        return {"history": tf.constant(texts, tf.string, shape=[len(batch)])}

    forms = {
        "serving_default, padded right": lambda batch: {id_name: _ragged(batch, dtype).to_tensor()},
        "serving_default, padded left": lambda batch: {id_name: _pad_left(batch, dtype)},
        "ragged": ragged,
        "text": text,
        "examples": lambda batch: {"inputs": [serialize(history, id_name) for history in batch]},
    }
    yield (
        "recommend",
        lambda batch: _answers(loaded.recommend(_ragged(batch, dtype)), id_name, dtype),
    )
    for form, make_inputs in forms.items():
        name = form.split(",")[0]
        ask = functools.partial(signatures[name], **defaults[name])
        yield form, _asker(ask, make_inputs, id_name, dtype)


def timed_answers(folder: Path, id_name: str) -> Iterator[tuple[str, Callable]]:
    """As `signature_answers`, each form that takes times.

    The function takes histories, the timestamps of each and when each is asked.
    """
    loaded = tf.saved_model.load(str(folder))
    signatures = loaded.signatures
    dtype = signatures["timed"].structured_input_signature[1][id_name].dtype

    def whole(batch: list[list], timestamps: list[list[int]], now: list[int]) -> dict:
        return loaded.recommend_at(
            _ragged(batch, dtype), _ragged(timestamps, tf.int64), tf.constant(now, tf.int64)
        )

    def padded(batch: list[list], timestamps: list[list[int]], now: list[int]) -> dict:
        inputs = {
            id_name: _pad_left(batch, dtype),
            "timestamps": _pad_left(timestamps, tf.int64),
            "now": tf.constant(now, tf.int64),
        }
        return signatures["timed"](**inputs)

    def examples(batch: list[list], timestamps: list[list[int]], now: list[int]) -> dict:
        rows = zip(batch, timestamps, now, strict=True)
        texts = [serialize(ids, id_name, {"timestamps": t, "now": [n]}) for ids, t, n in rows]
        return signatures["examples"](inputs=tf.constant(texts))

    for name, ask in {"recommend_at": whole, "timed": padded, "examples, timed": examples}.items():
        yield name, functools.partial(_answered, ask, id_name, dtype)


def _answered(
    ask: Callable, id_name: str, dtype: tf.DType, *inputs: list
) -> list[tuple[list, list[float]]]:
    return _answers(ask(*inputs), id_name, dtype)


@contextmanager
def signature_caller(folder: Path) -> Iterator[Callable]:
    """A function from a signature's name and inputs (plain lists) to its outputs, as lists.

    An input that is not given takes its default, as over gRPC: the answer is computed by a
    session that is fed the given ones only, as TensorFlow Serving does.
    """
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))

    def call(name: str, inputs: dict) -> dict[str, list]:
        signature = meta.signature_def[name]
        feed: dict[str, np.ndarray] = {
            signature.inputs[key].name: np.asarray(value, _numpy_type(signature.inputs[key].dtype))
            for key, value in inputs.items()
        }
        fetches = {key: tensor.name for key, tensor in signature.outputs.items()}
        outputs = session.run(fetches, feed)
        return {key: _decoded(value.tolist()) for key, value in outputs.items()}

    try:
        yield call
    finally:
        session.close()


def _numpy_type(kind: int) -> type:
    return object if kind == tf.string.as_datatype_enum else tf.as_dtype(kind).as_numpy_dtype


def _decoded(value: Nested) -> Nested:
    """Texts instead of bytes, at any depth of lists."""
    if isinstance(value, list):
        return [_decoded(element) for element in value]
    return value.decode() if isinstance(value, bytes) else value


def _asker(
    signature: Callable[..., dict[str, tf.Tensor]],
    make_inputs: Callable,
    id_name: str,
    dtype: tf.DType,
) -> Callable:
    def ask(batch: list[list]) -> list[tuple[list, list[float]]]:
        inputs = {name: tf.convert_to_tensor(value) for name, value in make_inputs(batch).items()}
        return _answers(signature(**inputs), id_name, dtype)

    return ask


def serialize(
    history: list, id_name: str, times: Mapping[str, list[int]] = MappingProxyType({})
) -> bytes:
    """A history as a serialized `tf.train.Example` with the feature `id_name`, and others."""
    values = {id_name: history, **times}
    features = {name: _feature(each) for name, each in values.items() if each}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def _feature(values: list) -> tf.train.Feature:
    if isinstance(values[0], str):
        texts = tf.train.BytesList(value=[raw.encode() for raw in values])
        return tf.train.Feature(bytes_list=texts)
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _ragged(batch: list[list], dtype: tf.DType) -> tf.RaggedTensor:
    lengths = [len(history) for history in batch]
    values = tf.constant([raw for history in batch for raw in history], dtype)
    return tf.RaggedTensor.from_row_lengths(values, tf.constant(lengths, tf.int64))


def _pad_left(batch: list[list], dtype: tf.DType) -> tf.Tensor:
    width = max(map(len, batch))
    padding = "" if dtype == tf.string else 0
    padded = [[padding] * (width - len(history)) + history for history in batch]
    return tf.constant(padded, dtype, shape=[len(batch), width])


def _answers(outputs: dict, id_name: str, dtype: tf.DType) -> list[tuple[list, list[float]]]:
    ids = outputs["classes"] if "classes" in outputs else outputs[id_name]
    plain = [[_plain(raw, dtype) for raw in row] for row in ids.numpy().tolist()]
    return list(zip(plain, outputs["scores"].numpy().tolist(), strict=True))


def _plain(raw: int | bytes, dtype: tf.DType) -> int | str:
    """An id as golden requests hold it; `examples` answers with the text of integer ids."""
    if dtype == tf.int64:
        return int(raw or 0)  # `examples` has the text "" where the others have the id 0
    return raw.decode() if isinstance(raw, bytes) else str(raw)
