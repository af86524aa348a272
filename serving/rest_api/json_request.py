"""The body of a predict request -> the tensors to feed, in row or column form.

Row form stacks the rows: `{"instances": [{"movie_ids": [1, 2]}, {"movie_ids": [7, 8]}]}`.
Column form gives whole tensors: `{"inputs": {"movie_ids": [[1, 2], [7, 8]]}}`.
"""

from serving.inference.servable import DEFAULT_SIGNATURE
from serving.inference.tensor import Tensor
from serving.protocol.errors import ServingError, invalid_argument, unimplemented
from serving.rest_api.json_document import Json, preview
from serving.rest_api.json_tensor import (
    SUPPORTED_DTYPES,
    flatten,
    is_base64,
    read_tensor,
    read_values,
    shape_of,
)


def read_signature_name(document: dict) -> str:
    """The signature a request names; `serving_default` where it names none or "".

    Raises:
        ServingError: INVALID_ARGUMENT, the name is not a string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid_argument("'signature_name' key must be a string value.")
    return name or DEFAULT_SIGNATURE


def is_row_form(document: dict) -> bool:
    """Whether a predict request is in row form (`instances`) rather than column form (`inputs`).

    Raises:
        ServingError: INVALID_ARGUMENT, both keys or neither.
    """
    if "instances" in document and "inputs" in document:
        raise invalid_argument(
            "Not formatted correctly expecting only one of 'instances' or 'inputs' keys to exist"
        )
    if "instances" not in document and "inputs" not in document:
        raise invalid_argument("Missing 'inputs' or 'instances' key")
    return "instances" in document


def read_rows(instances: object, inputs: dict[str, str]) -> dict[str, Tensor]:
    """Read row form.

    Args:
        instances: value of the key `instances`, a list with one element a row.
        inputs: alias -> name of the TensorFlow type, of every input of the signature.

    Returns:
        alias -> tensor, `(rows, ...)`.

    Raises:
        ServingError: INVALID_ARGUMENT, not of that form.
    """
    if not isinstance(instances, list):
        raise invalid_argument("Expecting 'instances' value to be an list/array")
    if not instances:
        raise invalid_argument("No values in 'instances' array")
    columns = _columns(instances, inputs)
    return {alias: _stack(rows, inputs[alias], alias) for alias, rows in columns.items()}


def read_columns(value: object, inputs: dict[str, str]) -> dict[str, Tensor]:
    """Read column form.

    Args:
        value: value of the key `inputs`: an object of tensors, or the tensor of the only input.
            Members that are no inputs are ignored.
        inputs: alias -> name of the TensorFlow type, of every input of the signature.

    Returns:
        alias -> tensor; a bare value is a scalar.

    Raises:
        ServingError: INVALID_ARGUMENT, not of that form; UNIMPLEMENTED, an input of a type that
            JSON cannot express.
    """
    columns = value if isinstance(value, dict) and not is_base64(value) else None
    if columns is None:
        if len(inputs) > 1:
            raise invalid_argument(
                "'inputs' is a plain value/list, but expecting an object as there are multiple "
                f"inputs: {_names(inputs)}"
            )
        columns = dict.fromkeys(inputs, value)
    missing = [alias for alias in inputs if alias not in columns]
    if missing:
        raise invalid_argument(f"Missing named input: {missing[0]} in 'inputs' object.")
    for alias, dtype in inputs.items():
        if dtype not in SUPPORTED_DTYPES:
            raise unimplemented(_unsupported(alias, dtype))
    return {alias: read_tensor(columns[alias], dtype, alias) for alias, dtype in inputs.items()}


def _columns(instances: list, inputs: dict[str, str]) -> dict[str, list]:
    if not _is_named(instances[0]):
        _require_plain(instances, inputs)
        return dict.fromkeys(inputs, instances)
    for index, row in enumerate(instances):
        if not isinstance(row, dict) or row.keys() != inputs.keys():
            raise _bad_row(index, row, inputs)
    return {alias: [row[alias] for row in instances] for alias in inputs}


def _is_named(row: object) -> bool:
    return isinstance(row, dict) and not is_base64(row)


def _require_plain(instances: list, inputs: dict[str, str]) -> None:
    if len(inputs) > 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as there are multiple "
            f"inputs: {_names(inputs)}"
        )
    for index, row in enumerate(instances):
        if _is_named(row):
            raise invalid_argument(f"Expecting value/list but got object at row {index}")


def _bad_row(index: int, row: Json, inputs: dict[str, str]) -> ServingError:
    if not _is_named(row):
        return invalid_argument(f"Expecting object but got list at row {index}: {preview(row)}")
    unknown = [alias for alias in row if alias not in inputs]
    if unknown:
        return invalid_argument(
            f"JSON object at row {index} does not have named input: {unknown[0]}"
        )
    return invalid_argument(f"JSON object at row {index}: keys must be equal to: {_names(inputs)}")


def _stack(rows: list, dtype: str, alias: str) -> Tensor:
    if dtype not in SUPPORTED_DTYPES:
        raise invalid_argument(_unsupported(alias, dtype))
    shape = shape_of(rows, alias)
    try:
        values = flatten(rows, shape)
    except ServingError:
        _require_equal_shapes(rows, alias)
        raise
    return Tensor(read_values(values, dtype), shape)


def _require_equal_shapes(rows: list, alias: str) -> None:
    """Say which row differs from the first, in the words of the REST interface."""
    first = shape_of(rows[0], alias)
    first_size = len(flatten(rows[0], first))
    for row in rows[1:]:
        shape = shape_of(row, alias)
        size = len(flatten(row, shape))
        if size != first_size:
            raise invalid_argument(f"Expecting tensor size: {first_size} but got: {size}")
        if shape != first:
            raise invalid_argument(
                f"Expecting shape {_shape_text(first)} but got: {_shape_text(shape)}"
            )


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _names(inputs: dict[str, str]) -> str:
    return ",".join(sorted(inputs))


def _unsupported(alias: str, dtype: str) -> str:
    return f"Tensor name: {alias} has a type that JSON cannot express: {dtype}"
