"""Which signatures TensorFlow Serving can batch, read from their shapes.

The server merges the requests of one signature along dimension 0, and it does so for all
signatures of a model or for none. So one signature that it refuses speaks against batching the
model, even if nobody calls that signature: warm-up requests do, and one that fails keeps the
version from loading.
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from serving.deploy.render import render
from serving.protocol.proto_messages import DynamicMessage

LARGEST_BATCH = 128
WAIT_MICROS = 1000

# Alias -> sizes, -1 where they vary; None where even their number does.
Shapes = dict[str, list[int] | None]


@dataclass(frozen=True)
class Advice:
    """What batching would do to one signature.

    Attributes:
        signature: its name.
        refusal: why its requests would fail; "" if they would not.
        uneven: the input whose requests fail together where their lengths differ; "" if none.
    """

    signature: str
    refusal: str = ""
    uneven: str = ""

    def __str__(self) -> str:
        if self.uneven:
            return (
                f"{self.signature}: batched, but requests with {self.uneven} of different "
                "lengths fail together (400), unless every client pads to one length"
            )
        return f"{self.signature}: {f'refused, {self.refusal}' if self.refusal else 'batched'}"


def advise(definitions: Mapping[str, DynamicMessage]) -> list[Advice]:
    """Advice for every signature of a SavedModel, in the order of names.

    Args:
        definitions: name -> `SignatureDef`; names that start with `__` are TensorFlow's own.
    """
    return [
        _advice(name, _shapes(definition.inputs), _shapes(definition.outputs))
        for name, definition in sorted(definitions.items())
        if not name.startswith("__")
    ]


def batching_text(model: str, advice: list[Advice]) -> str:
    """`batching_params.pbtxt` of one model, with the advice as its comment."""
    sizes = [1 << power for power in range(LARGEST_BATCH.bit_length())]
    return render(
        "batching_params.pbtxt",
        {
            "model": model,
            "verdict": _comment(verdict(advice), "# "),
            "advice": "\n".join(_comment(str(each), "#   ") for each in advice),
            "largest_batch": LARGEST_BATCH,
            "wait_micros": WAIT_MICROS,
            "allowed_batch_sizes": "\n".join(f"allowed_batch_sizes: {size}" for size in sizes),
        },
    )


def verdict(advice: list[Advice]) -> str:
    """A sentence: whether the model can be batched as it is."""
    refused = [each.signature for each in advice if each.refusal]
    uneven = [each.signature for each in advice if each.uneven]
    if refused:
        return (
            f"Leave it unbatched: {', '.join(refused)} would fail, and warm-up requests to them "
            "would keep the version from loading."
        )
    if uneven:
        return f"Batch it only if every client pads to one length: {', '.join(uneven)} need that."
    return "Every signature can be batched."


def _advice(name: str, inputs: Shapes, outputs: Shapes) -> Advice:
    if not inputs:
        return Advice(name, "it has no input")
    for kind, shapes in (("input", inputs), ("output", outputs)):
        for alias, shape in shapes.items():
            if refusal := _refusal(shape):
                return Advice(name, f"{kind} {alias} {refusal}")
    # The parts of a ragged tensor: values, and where rows begin.
    if "row_splits" in inputs:
        return Advice(name, "row_splits and the values differ in dimension 0")
    uneven = [alias for alias, shape in inputs.items() if shape and -1 in shape[1:]]
    return Advice(name, uneven="".join(uneven[:1]))


def _refusal(shape: list[int] | None) -> str:
    """Why a tensor cannot be merged with those of other requests; "" if it can."""
    if shape is None:
        return "may be of any shape"
    if not shape:
        return "is a scalar: no dimension to merge along"
    return f"has {shape[0]} rows, whatever is asked" if shape[0] >= 0 else ""


def _shapes(tensors: Mapping[str, DynamicMessage]) -> Shapes:
    return {
        alias: None
        if info.tensor_shape.unknown_rank
        else [dimension.size for dimension in info.tensor_shape.dim]
        for alias, info in sorted(tensors.items())
    }


def _comment(text: str, start: str) -> str:
    return textwrap.fill(
        text, 100, initial_indent=start, subsequent_indent=start + "  ", break_on_hyphens=False
    )
