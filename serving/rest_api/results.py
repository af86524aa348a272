"""The answers to classify and regress calls: outputs -> the text of `results`."""

from serving.inference.results import (
    CLASSES,
    REGRESSION,
    SCORES,
    classification_shape,
    regression_values,
)
from serving.inference.tensor import Tensor
from serving.rest_api.json_response import results_text, value_texts


def classifications_text(outputs: dict[str, Tensor], batch: int) -> str:
    """The answer to a classify call: a list of `[label, score]` for every example.

    Args:
        outputs: `classes` strings and `scores` float32, `(batch, classes)`; one may be absent,
            and its place then holds "" or 0.0.
        batch: number of examples in the request.

    Raises:
        ServingError: INVALID_ARGUMENT, outputs of another type or shape.
    """
    rows, width = classification_shape(outputs, batch)
    labels, scores = ['""'] * rows * width, ["0.0"] * rows * width
    if CLASSES in outputs:
        labels = value_texts(outputs[CLASSES].values, CLASSES)
    if SCORES in outputs:
        scores = value_texts(outputs[SCORES].values, SCORES)
    pairs = [f"[{label}, {score}]" for label, score in zip(labels, scores, strict=True)]
    groups = [pairs[row * width : (row + 1) * width] for row in range(rows)]
    return results_text([f"[{', '.join(group)}]" for group in groups])


def regressions_text(outputs: dict[str, Tensor], batch: int) -> str:
    """The answer to a regress call: a number for every example.

    Args:
        outputs: `outputs` float32, `(batch,)` or `(batch, 1)`.
        batch: number of examples in the request.

    Raises:
        ServingError: INVALID_ARGUMENT, an output of another type or shape.
    """
    return results_text(value_texts(regression_values(outputs, batch), REGRESSION))
