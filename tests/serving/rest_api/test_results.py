"""The answers to classify and regress calls are the outputs' text."""

import numpy as np
import pytest

from serving.inference.tensor import Tensor, string_values
from serving.rest_api.results import classifications_text, regressions_text


def test_classes_and_scores_are_paired():
    classes = Tensor(string_values([b"a", b"b"]), (2, 1))
    values = Tensor(np.array([1, 2.5], np.float32), (2, 1))
    text = classifications_text({"classes": classes, "scores": values}, 2)
    assert text == '{"results": [[["a", 1.0]], [["b", 2.5]]]}'


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_regress_outputs(shape):
    outputs = Tensor(np.array([0, 2.5], np.float32), shape)
    assert regressions_text({"outputs": outputs}, 2) == '{"results": [0.0, 2.5]}'
