"""Outputs of classify and regress signatures that do not fit the request are refused."""

import numpy as np
import pytest

from serving.inference.results import (
    classification_shape,
    regression_values,
    require_classify_signature,
    require_regress_signature,
)
from serving.inference.servable import Signature
from serving.inference.tensor import Tensor, string_values
from serving.protocol.errors import ServingError

EXAMPLES = {"inputs": "DT_STRING"}


def scores(*shape: int) -> Tensor:
    return Tensor(np.zeros(int(np.prod(shape)), np.float32), shape)


@pytest.mark.parametrize(
    "outputs",
    [
        {"scores": scores(3)},
        {"scores": scores(1, 3)},
        {"scores": Tensor(np.zeros(2), (2, 1))},
        {"scores": scores(2, 3), "classes": Tensor(string_values([b"a", b"b"]), (2, 1))},
    ],
)
def test_classify_outputs_of_another_shape_or_type(outputs):
    with pytest.raises(ServingError, match="Expected output"):
        classification_shape(outputs, 2)


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_regress_outputs(shape):
    assert regression_values({"outputs": scores(*shape)}, 2).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("shape", [(), (3,), (2, 2), (2, 1, 1)])
def test_regress_outputs_of_another_shape(shape):
    with pytest.raises(ServingError, match="Expected output"):
        regression_values({"outputs": scores(*shape)}, 2)


@pytest.mark.parametrize(
    ("require", "inputs", "outputs"),
    [
        (require_classify_signature, {"x": "DT_STRING"}, ["scores"]),
        (require_classify_signature, {"inputs": "DT_FLOAT"}, ["scores"]),
        (require_classify_signature, EXAMPLES | {"x": "DT_STRING"}, ["scores"]),
        (require_classify_signature, EXAMPLES, ["classes", "scores", "more"]),
        (require_classify_signature, EXAMPLES, ["other"]),
        (require_regress_signature, EXAMPLES, ["scores"]),
        (require_regress_signature, EXAMPLES, ["outputs", "scores"]),
    ],
)
def test_signatures_of_another_form(require, inputs, outputs):
    with pytest.raises(ServingError, match="Expected"):
        require(Signature(inputs, dict.fromkeys(outputs, "DT_FLOAT")))
