"""In what form a LiteRT file may hold its numbers, and how near to float32 its answers must be."""

from dataclasses import dataclass

from seqrec_tf.errors import InputError


@dataclass(frozen=True)
class Mode:
    """What the proof asks of a quantised file; that of float32 must agree (`export.proof.exact`).

    Attributes:
        tolerance: how far a score may be from float32's, as a share of the row's largest.
        agreement: the share of what float32 recommends that the file must recommend too, over
            all golden requests.
    """

    tolerance: float
    agreement: float


# Measured on golden requests, trained and untrained encoders: float16 0.0008 and 0.998, dynamic
# 0.02 and 0.975, int8 0.05 and 0.946. A wrong weight, scale or range leaves nothing near these.
MODES = {
    "none": None,
    "float16": Mode(tolerance=0.01, agreement=0.95),
    "dynamic": Mode(tolerance=0.2, agreement=0.85),
    "int8": Mode(tolerance=0.2, agreement=0.8),
}


def require_mode(mode: str, formats: tuple[str, ...]) -> str:
    """`mode`, if it is one and a LiteRT file is among the formats.

    Raises:
        InputError: it cannot be had.
    """
    if mode not in MODES:
        raise InputError(f"--quantize: expected one of {', '.join(MODES)}. Received: {mode!r}.")
    if mode != "none" and "tflite" not in formats:
        raise InputError(
            f"--quantize: expected --format tflite or all with it, since a SavedModel stays "
            f"float32. Received: {mode} with {', '.join(formats)}."
        )
    return mode
