"""Which signatures TensorFlow Serving can batch, read from their shapes.

The server merges the requests of one signature along dimension 0, and it does so for all
signatures of a model or for none. So one signature that it refuses speaks against batching the
model, even if nobody calls that signature: warm-up requests do, and one that fails keeps the
version from loading.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.message import Message

from serving.deploy.render import render

LARGEST_BATCH = 128
WAIT_MICROS = 1000

_LENGTH_DIFFERS = (
    "of different lengths: while the server batches, requests of different lengths fail together "
    "(400), unless every client pads to one length"
)


@dataclass(frozen=True)
class Advice:
    """What batching would do to one signature.

    Attributes:
        signature: its name.
        refusal: why its requests would fail; "" if they would be batched.
    """

    signature: str
    refusal: str


def advise(definitions: Mapping[str, Message]) -> list[Advice]:
    """Advice for every signature of a SavedModel, in the order of names.

    Args:
        definitions: name -> `SignatureDef`; names that start with `__` are TensorFlow's own.
    """
    return [
        Advice(name, _refusal(definition))
        for name, definition in sorted(definitions.items())
        if not name.startswith("__")
    ]


def batching_text(model: str, advice: list[Advice], threads: int) -> str:
    """`batching_params.pbtxt` of one model, with the advice as its comment."""
    sizes = [1 << power for power in range(LARGEST_BATCH.bit_length())]
    return render(
        "batching_params.pbtxt",
        {
            "model": model,
            "verdict": verdict(advice),
            "advice": "\n".join(
                f"#   {each.signature}: {each.refusal or 'batched'}" for each in advice
            ),
            "largest_batch": LARGEST_BATCH,
            "wait_micros": WAIT_MICROS,
            "threads": threads,
            "allowed_batch_sizes": "\n".join(f"allowed_batch_sizes: {size}" for size in sizes),
        },
    )


def verdict(advice: list[Advice]) -> str:
    """One sentence: whether the model can be batched as it is."""
    refused = [each.signature for each in advice if each.refusal]
    if not refused:
        return "Every signature can be batched."
    return (
        f"Leave this model unbatched: {', '.join(refused)} would fail, and warm-up requests to "
        "them would keep the version from loading."
    )


def _refusal(definition: Message) -> str:
    inputs, outputs = _shapes(definition.inputs), _shapes(definition.outputs)
    if not inputs:
        return "refused: it has no input"
    for kind, shapes in (("input", inputs), ("output", outputs)):
        for alias, shape in shapes.items():
            if shape == []:
                return f"refused: {kind} {alias} is a scalar, without a dimension to merge along"
            if shape and shape[0] >= 0:
                return f"refused: {kind} {alias} always has {shape[0]} rows, however many requests"
    # The one form of two inputs of unlike size: values of a ragged tensor and where rows begin.
    if "row_splits" in inputs:
        return "refused: row_splits and the values differ in dimension 0"
    for alias, shape in inputs.items():
        if shape is None:
            return f"unknown: the signature does not say the shape of {alias}"
        if -1 in shape[1:]:
            return f"{alias} is {_LENGTH_DIFFERS}"
    return ""


def _shapes(tensors: Mapping[str, Message]) -> dict[str, list[int] | None]:
    """Alias -> sizes, -1 where they vary; None where even their number does."""
    return {
        alias: None
        if info.tensor_shape.unknown_rank
        else [dimension.size for dimension in info.tensor_shape.dim]
        for alias, info in sorted(tensors.items())
    }
