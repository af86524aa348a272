"""Tensors -> the text of an answer, with TensorFlow Serving's number text.

Answers are built by joining lists of text, one list an output: a recommender returns thousands of
ids, titles and scores a request. Strings are written byte for byte: `text.encode("utf-8",
"surrogateescape")` gives the body.
"""

import base64
import json
import math

import numpy as np

from serving.inference.tensor import Tensor
from serving.protocol.errors import ServingError, invalid_argument

SEPARATOR = ", "
BLOCK = 20_000

_STRING_ENCODER = json.JSONEncoder(ensure_ascii=False)
# Enough digits to read the same number back, where six are not.
_FULL_PRECISION = {"float32": "%.9g", "float64": "%.17g"}
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def predictions_text(outputs: dict[str, Tensor]) -> str:
    """The answer to a request in row form: one element a row, an object if several outputs.

    Args:
        outputs: alias -> tensor, `(rows, ...)`.

    Raises:
        ServingError: INVALID_ARGUMENT, outputs with different numbers of rows or a scalar, or an
            output of a type that JSON cannot express.
    """
    _require_rows(outputs)
    columns = [_grouped(tensor, alias, 1) for alias, tensor in outputs.items()]
    if len(columns) == 1:
        rows = columns[0]
    else:
        members = SEPARATOR.join(f"{_template_name(alias)}: %s" for alias in outputs)
        rows = [f"{{{members}}}" % row for row in zip(*columns, strict=True)]
    return f'{{"predictions": [{_joined(rows, 0, len(rows))}]}}'


def outputs_text(outputs: dict[str, Tensor]) -> str:
    """The answer to a request in column form: whole tensors, named if several.

    Raises:
        ServingError: INVALID_ARGUMENT, an output of a type that JSON cannot express.
    """
    texts = {alias: _grouped(tensor, alias, 0)[0] for alias, tensor in outputs.items()}
    if len(texts) == 1:
        return f'{{"outputs": {next(iter(texts.values()))}}}'
    members = [f"{_STRING_ENCODER.encode(alias)}: {text}" for alias, text in texts.items()]
    return f'{{"outputs": {{{SEPARATOR.join(members)}}}}}'


def results_text(results: list[str]) -> str:
    """The answer to a classify or regress request, from the text of each example's result."""
    return f'{{"results": [{_joined(results, 0, len(results))}]}}'


def value_texts(values: np.ndarray, alias: str) -> list[str]:
    """Each value's JSON text.

    Args:
        values: `(size,)`, of dtype bool, float32, float64, `object` (bytes) or an integer.
        alias: the output's alias; strings of an alias ending in `_bytes` become base64 objects.

    Raises:
        ServingError: INVALID_ARGUMENT, another dtype.
    """
    texts = []
    # A call for a part at a time: other threads may run between them.
    for start in range(0, len(values), BLOCK):
        texts += _block_texts(values[start : start + BLOCK], alias)
    return texts


def _block_texts(values: np.ndarray, alias: str) -> list[str]:
    if values.dtype == object:
        encode = _base64_text if alias.endswith("_bytes") else _string_text
        return list(map(encode, values.tolist()))
    if values.dtype.name in _FULL_PRECISION:
        return float_texts(values)
    if values.dtype == bool:
        return ["true" if value else "false" for value in values.tolist()]
    if np.issubdtype(values.dtype, np.integer):
        return list(map(str, values.tolist()))
    raise not_expressible(alias, values.dtype.name)


def not_expressible(alias: str, type_name: str) -> ServingError:
    """The error for an output of a type that JSON has no values for."""
    return invalid_argument(
        f"Tensor name: {alias}: Failed to write JSON value for tensor type: {type_name}"
    )


def float_texts(values: np.ndarray) -> list[str]:
    """Numbers with six digits where these read back the same, else with 9 or 17.

    Args:
        values: `(size,)`, float32 or float64.
    """
    numbers = values.tolist()
    texts = _formatted("%.6g", numbers)
    read_back = np.array(texts, dtype=np.float64).astype(values.dtype)
    changed = np.flatnonzero(read_back != values).tolist()
    precise = _FULL_PRECISION[values.dtype.name]
    full_texts = _formatted(precise, [numbers[index] for index in changed])
    for index, text in zip(changed, full_texts, strict=True):
        texts[index] = text
    return [text if "." in text or "e" in text else _with_point(text) for text in texts]


def _formatted(template: str, numbers: list[float]) -> list[str]:
    # One formatting call for all is faster than one a number.
    return (" ".join([template] * len(numbers)) % tuple(numbers)).split()


def _with_point(text: str) -> str:
    return _NOT_FINITE.get(text) or text + ".0"


def _string_text(value: bytes) -> str:
    return _STRING_ENCODER.encode(value.decode("utf-8", "surrogateescape"))


def _base64_text(value: bytes) -> str:
    return f'{{"b64": "{base64.b64encode(value).decode("ascii")}"}}'


def _grouped(tensor: Tensor, alias: str, outer: int) -> list[str]:
    """The text of every element of the `outer` leading dimensions, flat."""
    texts = value_texts(tensor.values, alias)
    for depth in reversed(range(outer, len(tensor.shape))):
        size = tensor.shape[depth]
        # Counted from the shape, not from the texts: a dimension of size 0 has none.
        groups = range(math.prod(tensor.shape[:depth]))
        grouped = [f"[{_joined(texts, i * size, (i + 1) * size)}]" for i in groups]
        _free(texts)
        texts = grouped
    return texts


def _joined(texts: list[str], start: int, stop: int) -> str:
    if stop - start <= BLOCK:
        return SEPARATOR.join(texts[start:stop])
    starts = range(start, stop, BLOCK)
    parts = [SEPARATOR.join(texts[first : min(first + BLOCK, stop)]) for first in starts]
    return SEPARATOR.join(parts)


def _free(texts: list[str]) -> None:
    while texts:
        del texts[-BLOCK:]


def _template_name(alias: str) -> str:
    return _STRING_ENCODER.encode(alias).replace("%", "%%")


def _require_rows(outputs: dict[str, Tensor]) -> None:
    rows = {}
    for alias, tensor in outputs.items():
        if not tensor.shape:
            raise invalid_argument(f"Tensor name: {alias} has no shape information")
        rows[alias] = tensor.shape[0]
        if rows[alias] != next(iter(rows.values())):
            raise invalid_argument(
                f"Tensor name: {alias} has inconsistent batch size: {rows[alias]} "
                f"expecting batch size: {next(iter(rows.values()))}"
            )
