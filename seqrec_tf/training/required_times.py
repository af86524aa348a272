"""Whether the times of a log can be learnt from."""

import numpy as np

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.errors import InputError


def require_times(dataset: Dataset) -> None:
    """Refuse times that say nothing.

    Raises:
        InputError: times that are not above 0, which stands for an unknown one, or with the same
            gap between all neighbouring interactions, as where they are places in a list.
    """
    times = dataset.split.times
    if times is None:
        return
    earliest = times.flat_values.numpy().min()
    if earliest <= 0:
        raise InputError(
            f"--time-bias: expected times above 0 in {dataset.source}, since 0 stands for an "
            f"unknown one. Received: {earliest}."
        )
    gaps = np.unique((times[:, 1:] - times[:, :-1]).flat_values)
    if len(gaps) < 2:
        received = f"the same one, {gaps[0]}, everywhere" if len(gaps) else "none"
        raise InputError(
            "--time-bias: expected different times between the neighbouring interactions of a "
            f"user in {dataset.source}. Received: {received}."
        )
