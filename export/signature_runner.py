"""Ask a SavedModel through each of its signatures, in plain TensorFlow."""

from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow as tf


def signature_answers(folder: Path, id_name: str) -> Iterator[tuple[str, Callable]]:
    """Each form in which the SavedModel answers: name, and a function from histories to answers.

    The function takes a list of histories (lists of raw ids) and returns one (ids, scores) each.
    """
    loaded = tf.saved_model.load(str(folder))
    dtype = _id_type(loaded, id_name)
    yield (
        "recommend",
        lambda batch: _answers(loaded.recommend(_ragged(batch, dtype)), id_name, dtype),
    )
    for side in ("right", "left"):
        yield f"serving_default, padded {side}", _asker(loaded, "serving_default", id_name, side)
    for name in ("ragged", "text", "examples"):
        yield name, _asker(loaded, name, id_name)


def _asker(loaded, name: str, id_name: str, side: str = "right") -> Callable:
    signature = loaded.signatures[name]

    def ask(batch: list[list]) -> list[tuple[list, list[float]]]:
        inputs = signature_inputs(signature, name, batch, id_name, side)
        return _answers(signature(**inputs), id_name, _id_type(loaded, id_name))

    return ask


def _id_type(loaded, id_name: str) -> tf.DType:
    return loaded.signatures["serving_default"].structured_input_signature[1][id_name].dtype


def signature_inputs(signature, name: str, batch: list[list], id_name: str, side: str = "right"):
    """The tensors that ask signature `name` about a batch of histories."""
    dtype = signature.structured_input_signature[1].get(id_name, tf.TensorSpec([], tf.int64)).dtype
    if name == "serving_default":
        dense = _ragged(batch, dtype).to_tensor()
        return {id_name: dense if side == "right" else _pad_left(batch, dtype)}
    if name == "ragged":
        histories = _ragged(batch, dtype)
        return {id_name: histories.flat_values, "row_splits": histories.row_splits}
    if name == "text":
        texts = [", ".join(str(raw) for raw in history) for history in batch]
        return {"history": tf.constant(texts, tf.string, shape=[len(batch)])}
    return {"inputs": tf.constant([serialize(history, id_name) for history in batch])}


def serialize(history: list, id_name: str) -> bytes:
    """A history as a serialized `tf.train.Example` with the feature `id_name`."""
    if history and isinstance(history[0], str):
        values = tf.train.BytesList(value=[raw.encode() for raw in history])
        feature = tf.train.Feature(bytes_list=values)
    else:
        feature = tf.train.Feature(int64_list=tf.train.Int64List(value=history))
    features = tf.train.Features(feature={id_name: feature} if history else {})
    return tf.train.Example(features=features).SerializeToString()


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
    return raw.decode()
