"""Graphs that TensorFlow 1 saved: a broken signature stops none of the others."""

import json
import traceback

import numpy as np
import pytest
from helpers import graph_models

from serving.inference.tensor import Tensor
from serving.models.loaded_model import LoadedModel
from serving.models.versions import VersionDirectory
from serving.protocol.errors import ServingError
from serving.protocol.status import Code
from serving.rest_api.metadata import metadata_text


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> LoadedModel:
    path = tmp_path_factory.mktemp("old") / "1"
    graph_models.save_old_graph(path)
    return LoadedModel(VersionDirectory("old", 1, path))


def tensor(*values, dtype=np.float32) -> Tensor:
    return Tensor(np.array(values, dtype), (len(values),))


def scalar(value) -> Tensor:
    return Tensor(np.array([value], np.float32), ())


X = {"x": tensor(1.0, 2.0)}


def run(model, signature, feeds, wanted=None) -> dict:
    outputs = model.run(signature, feeds, wanted)
    return {alias: output.values.tolist() for alias, output in outputs.items()}


@pytest.mark.parametrize(
    ("signature", "feeds", "outputs"),
    [
        ("serving_default", X, {"y": [2.0, 4.0]}),
        ("default", X, {"y": [2.0, 4.0]}),
        ("fed_default", X | {"rate": scalar(10.0)}, {"y": [20.0, 40.0]}),
        ("fed_inside", {"y": tensor(5.0)}, {"z": [6.0]}),
        ("twice_out", X, {"y": [2.0, 4.0], "again": [2.0, 4.0]}),
        ("through", X, {"x": [1.0, 2.0]}),
        ("variable", X, {"factor": [2.0]}),
        ("no_inputs", {}, {"one": [1]}),
    ],
)
def test_good_ones(old, signature, feeds, outputs):
    assert run(old, signature, feeds) == outputs


@pytest.mark.parametrize(
    ("signature", "feeds", "message"),
    [
        (
            "unfed",
            X,
            "You must feed a value for placeholder tensor 'is_training' with dtype bool and shape "
            "[]\n\t [[{{node is_training}}]]",
        ),
        (
            "unfed_shape",
            X,
            "You must feed a value for placeholder tensor 'any_shape' with dtype float\n\t "
            "[[{{node any_shape}}]]",
        ),
        (
            "some_unfed",
            X,
            "You must feed a value for placeholder tensor 'any_shape' with dtype float\n\t "
            "[[{{node any_shape}}]]",
        ),
        ("twice_in", X | {"again": X["x"]}, 'Endpoint "x:0" fed more than once.'),
        ("no_output", X, "FetchOutputs node nowhere:0: not found"),
        ("no_place", X, "FetchOutputs y:7: output index too large, must be < 1"),
        ("no_input", X, "FeedInputs: unable to find feed output nowhere:0"),
        ("no_name", X, "FetchOutputs node : not found"),
        ("some_missing", X, "FetchOutputs node nowhere:0: not found"),
        (
            "sparse_in",
            {"s": tensor(1.0)},
            "input s is a coo_sparse, not a dense tensor; it cannot be fed",
        ),
        ("sparse_out", X, "output s is a coo_sparse, not a dense tensor; it cannot be fetched"),
        (
            "serving_default",
            {"x": tensor(1, dtype=np.int64)},
            "Expects arg[0] to be float but int64 is provided",
        ),
        (
            "pick",
            {"i": tensor(7, dtype=np.int64)},
            "indices[0] = 7 is not in [0, 3)\n\t [[{{node pick}}]]",
        ),
        (
            "checked",
            {"x": tensor(200.0)},
            "assertion failed: [too large] [Condition x < y did not hold element-wise:] [x (x:0) "
            "= ] [200] [y (assert_less/y:0) = ] [100]\n\t [[{{node ",
        ),
    ],
)
def test_broken_ones_say_why(old, signature, feeds, message):
    """In TensorFlow's words, and nothing else: neither files nor the names of functions."""
    with pytest.raises(ServingError) as caught:
        run(old, signature, feeds)
    assert caught.value.code == Code.INVALID_ARGUMENT
    assert caught.value.message.startswith(message)
    assert not any(word in caught.value.message for word in ("File ", "__inference", "Detected"))


def test_some_outputs_of_a_broken_one(old):
    for signature in ("some_unfed", "some_missing", "sparse_out"):
        assert run(old, signature, X, ["y"]) == {"y": [2.0, 4.0]}
    assert run(old, "twice_out", X, ["again"]) == {"again": [2.0, 4.0]}


@pytest.mark.parametrize("signature", ["no_output", "sparse_out", "unfed"])
def test_refusals_do_not_keep_what_was_sent(old, signature):
    """An error that is raised again and again would hold the frames of every time."""
    for _ in range(3):
        with pytest.raises(ServingError) as caught:
            run(old, signature, X)
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames.count("run") == 2  # this file's, and the model's


def test_the_metadata_lists_all(old):
    signatures = json.loads(metadata_text(old))["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "unfed", "twice_in", "no_output", "sparse_in"} <= set(signatures)
