"""Numbers as float32 scores without losing their order.

A float32 has 24 binary digits, so counts above 2^24, or shares of many interactions, may round to
one value: the more popular item would then stand behind one with a lower row. Of such values each
here is the next float32 above the one before.
"""

import numpy as np


def ordered_floats(values: np.ndarray, *keys: np.ndarray) -> np.ndarray:
    """Scores near `values` that are ordered exactly as the keys are.

    Args:
        values: (n,) float64 from 0 on, never larger where the keys are smaller; equal where all
            keys are equal.
        keys: (n,) each; the first decides, the next one among equals.

    Returns:
        (n,) float32: equal where all keys are equal, and otherwise larger where they are.
    """
    order = np.lexsort(keys[::-1])
    differs = [np.diff(key[order]) != 0 for key in keys]
    steps = np.append(0, np.cumsum(np.any(differs, axis=0)))[: len(order)]
    # The bits of floats from 0 on are integers in the same order, so one more is the next float.
    bits = np.asarray(values, np.float32)[order].view(np.int32).astype(np.int64)
    bits = np.maximum.accumulate(bits - steps) + steps
    scores = np.empty(len(order), np.float32)
    scores[order] = bits.astype(np.int32).view(np.float32)
    return scores
