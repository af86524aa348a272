"""How much one request may ask for. TensorFlow Serving has no such limits; most are off."""

from dataclasses import dataclass

import numpy as np

from serving.inference.tensor import Tensor
from serving.protocol.errors import TooLarge

ROW_SPLITS = "row_splits"


@dataclass(frozen=True)
class Limits:
    """The largest request that is answered; 0 is no limit.

    Attributes:
        body_bytes: bytes of a request body, as it is sent and inflated.
        rows: rows of an input, which are histories, examples or items.
        history_length: items of one history.
    """

    body_bytes: int = 32 * 2**20
    rows: int = 0
    history_length: int = 0

    def require_body(self, size: int) -> None:
        """Check the size of a body.

        Raises:
            TooLarge: it is larger.
        """
        _require(size, self.body_bytes, "bytes in a request body")

    def require_feeds(self, feeds: dict[str, Tensor]) -> None:
        """Check the shapes of a request's tensors.

        Raises:
            TooLarge: there are more rows, or a longer history.
        """
        if not (self.rows or self.history_length):
            return
        deepest = max((len(tensor.shape) for tensor in feeds.values()), default=0)
        for alias, tensor in feeds.items():
            if ROW_SPLITS not in feeds:
                if len(tensor.shape) < min(deepest, 2):
                    continue  # beside histories: a list for all of them, such as `exclude_ids`
                rows, length, *_ = (*tensor.shape, 0, 0)
            elif alias == ROW_SPLITS:
                rows, length = len(tensor.values) - 1, np.diff(tensor.values).max(initial=0)
            else:
                continue  # the values of a ragged tensor, which its row splits divide
            _require(rows, self.rows, "rows in a request")
            _require(length, self.history_length, "items in a history")


def _require(size: int, limit: int, what: str) -> None:
    if limit and size > limit:
        raise TooLarge(f"expected at most {limit} {what}, but got: {size}")


WIDE = Limits()
