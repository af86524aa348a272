"""Classify and regress: which signatures can do it, and what their outputs have to be."""

from collections.abc import Callable

import numpy as np

from serving.inference.examples import INPUT, example_feeds
from serving.inference.servable import Servable, Signature
from serving.inference.tensor import Tensor
from serving.protocol.errors import ServingError, invalid_argument

CLASSES = "classes"
SCORES = "scores"
REGRESSION = "outputs"


def run_examples(
    model: Servable,
    signature_name: str,
    examples: list[bytes],
    require: Callable[[Signature], set[str]],
) -> dict[str, Tensor]:
    """Run a signature on serialized examples.

    Args:
        model: the version to ask.
        signature_name: the signature.
        examples: serialized `tf.train.Example`s.
        require: `require_classify_signature` or `require_regress_signature`.

    Returns:
        alias -> tensor, the outputs that `require` names.

    Raises:
        ServingError: INVALID_ARGUMENT, no such signature, or one that does not do it; or what
            TensorFlow raised.
    """
    return run_feeds(model, signature_name, example_feeds(examples), require)


def run_feeds(
    model: Servable,
    signature_name: str,
    feeds: dict[str, Tensor],
    require: Callable[[Signature], set[str]],
) -> dict[str, Tensor]:
    """`run_examples`, of what `example_feeds` returned."""
    if signature_name not in model.signatures:
        raise invalid_argument(f"No signature was found with the name: {signature_name}")
    wanted = require(model.signatures[signature_name])
    return model.run(signature_name, feeds, wanted)


def require_classify_signature(signature: Signature) -> set[str]:
    """Check that a signature takes serialized examples and returns classes or scores.

    Returns:
        Which of the two; another output is not fetched.

    Raises:
        ServingError: INVALID_ARGUMENT, it does not.
    """
    _require_example_input(signature)
    known = signature.outputs.keys() & {CLASSES, SCORES}
    if len(signature.outputs) not in (1, 2) or not known:
        raise invalid_argument(
            "Expected one or two classify outputs, among them 'classes' or 'scores', but got: "
            f"{','.join(sorted(signature.outputs))}"
        )
    return known


def require_regress_signature(signature: Signature) -> set[str]:
    """Check that a signature takes serialized examples and returns one number an example.

    Returns:
        Its output.

    Raises:
        ServingError: INVALID_ARGUMENT, it does not.
    """
    _require_example_input(signature)
    if signature.outputs.keys() != {REGRESSION}:
        raise invalid_argument(
            "Expected exactly one regress output, 'outputs', but got: "
            f"{','.join(sorted(signature.outputs))}"
        )
    return {REGRESSION}


def classification_shape(outputs: dict[str, Tensor], batch: int) -> tuple[int, int]:
    """The shape `(batch, classes)` that the classes and the scores share.

    Raises:
        ServingError: INVALID_ARGUMENT, they are of another type or shape.
    """
    dtypes = {CLASSES: np.dtype(object), SCORES: np.dtype(np.float32)}
    given = {alias: outputs[alias] for alias in dtypes if alias in outputs}
    for alias, tensor in given.items():
        if len(tensor.shape) != 2 or tensor.shape[0] != batch:
            raise _unexpected(alias, tensor, f"{batch} rows")
        if tensor.values.dtype != dtypes[alias]:
            raise _unexpected(alias, tensor, "strings" if alias == CLASSES else "float32")
    first, last = next(iter(given.values())), list(given.values())[-1]
    if first.shape != last.shape:
        raise _unexpected(SCORES, last, f"the shape of classes, {list(first.shape)}")
    return batch, first.shape[1]


def regression_values(outputs: dict[str, Tensor], batch: int) -> np.ndarray:
    """The numbers of a regress call, float32 `(batch,)`.

    Raises:
        ServingError: INVALID_ARGUMENT, the output is of another type or shape.
    """
    tensor = outputs[REGRESSION]
    if tensor.shape not in ((batch,), (batch, 1)) or tensor.values.dtype != np.float32:
        raise _unexpected(REGRESSION, tensor, f"float32 of shape [{batch}] or [{batch},1]")
    return tensor.values


def _require_example_input(signature: Signature) -> None:
    if signature.inputs != {INPUT: "DT_STRING"}:
        received = ",".join(f"{name}: {dtype}" for name, dtype in sorted(signature.inputs.items()))
        raise invalid_argument(
            f"Expected exactly one input, 'inputs: DT_STRING' (examples), but got: {received}"
        )


def _unexpected(alias: str, tensor: Tensor, expected: str) -> ServingError:
    dtype = "string" if tensor.values.dtype == object else tensor.values.dtype.name
    return invalid_argument(
        f"Expected output {alias} with {expected}, but got {dtype} of shape {list(tensor.shape)}"
    )
