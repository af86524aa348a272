"""What commands that publish versions have in common."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from export.proof.process import ProofError
from seqrec_tf.screen import loading_tensorflow


def print_published(publish: Callable[[], list[Path]]) -> None:
    """Print the version folders; if an answer differs, the differences, with exit code 1."""
    # There is no use for a GPU here, and a graph traced on one may hold kernels no CPU has.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    loading_tensorflow()
    try:
        published = publish()
    except ProofError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    for folder in published:
        print(folder)
