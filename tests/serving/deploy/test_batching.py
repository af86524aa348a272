"""Advice on batching, for the signatures that `python -m export` writes and others."""

import pytest

from serving.deploy.batching import advise, verdict

ROWS = {"scores": [-1, 10]}


@pytest.fixture(scope="module")
def advice_for():
    """A function from input and output shapes to the advice; None is an unknown rank."""
    from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

    def fill(tensors, shapes: dict) -> None:
        for alias, shape in shapes.items():
            info = tensors[alias].tensor_shape
            info.unknown_rank = shape is None
            for size in shape or []:
                info.dim.add(size=size)

    def advice(inputs: dict, outputs: dict):
        definition = SignatureDef()
        fill(definition.inputs, inputs)
        fill(definition.outputs, outputs)
        (found,) = advise({"s": definition, "__saved_model_init_op": SignatureDef()})
        return found

    return advice


@pytest.mark.parametrize(
    ("inputs", "outputs", "refusal", "uneven"),
    [
        # text, examples and similar: one value a row, of whatever length inside.
        ({"history": [-1]}, ROWS, "", ""),
        ({"x": [-1, 28, 28]}, {"y": [-1]}, "", ""),
        # serving_default, encode and score: a length of their own in each request.
        ({"movie_ids": [-1, -1]}, ROWS, "", "movie_ids"),
        ({"movie_ids": [-1, 50], "candidate_ids": [-1, -1]}, ROWS, "", "candidate_ids"),
        ({"movie_ids": [-1], "row_splits": [-1]}, ROWS, "row_splits and the values", ""),
        ({"movie_ids": [-1, -1], "k": []}, ROWS, "input k is a scalar", ""),
        ({"x": [-1]}, {"version": []}, "output version is a scalar", ""),
        ({"x": [-1]}, {"catalogue": [3416]}, "output catalogue has 3416 rows", ""),
        ({"x": [1, -1]}, ROWS, "input x has 1 rows", ""),
        ({"x": None}, ROWS, "input x may be of any shape", ""),
        ({}, ROWS, "it has no input", ""),
    ],
)
def test_signatures(advice_for, inputs, outputs, refusal, uneven):
    advice = advice_for(inputs, outputs)
    assert advice.uneven == uneven
    assert advice.refusal.startswith(refusal) and bool(advice.refusal) == bool(refusal)


def test_verdicts(advice_for):
    good = advice_for({"x": [-1]}, ROWS)
    uneven = advice_for({"x": [-1, -1]}, ROWS)
    refused = advice_for({"x": []}, ROWS)
    assert verdict([good]) == "Every signature can be batched."
    assert verdict([good, uneven]).startswith("Batch it only if every client pads to one length")
    assert verdict([good, uneven, refused]).startswith("Leave it unbatched: s would fail")
