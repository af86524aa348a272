"""What answers requests: a version of a model, whether its requests are merged or not.

Whoever asks needs no more than this; it needs neither TensorFlow nor a SavedModel.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from serving.inference.limits import Limits
from serving.inference.tensor import Tensor
from serving.protocol.proto_messages import DynamicMessage

DEFAULT_SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Signature:
    """What a signature takes and returns: alias -> name of the TensorFlow type (`DT_INT64`)."""

    inputs: dict[str, str]
    outputs: dict[str, str]


class Servable(Protocol):
    """A version of a model, ready to run. Safe to use from several threads.

    Attributes:
        name: the model's.
        version: its number.
        limits: the largest request that is answered.
    """

    name: str
    version: int
    limits: Limits

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """What each takes and returns, by name."""

    @property
    def definitions(self) -> Mapping[str, DynamicMessage]:
        """The `SignatureDef`s that the model was saved with, by name."""

    def with_defaults(self, signature_name: str, feeds: dict[str, Tensor]) -> dict[str, Tensor]:
        """`feeds`, and the defaults of the inputs that are left out, as over gRPC."""

    def run(
        self,
        signature_name: str,
        feeds: dict[str, Tensor],
        wanted: Collection[str] | None = None,
    ) -> dict[str, Tensor]:
        """Run a signature.

        Args:
            signature_name: one of `signatures`.
            feeds: alias -> tensor, every input of the signature that has no default.
            wanted: the outputs to fetch; only what they need is run. None for all.

        Returns:
            alias -> tensor, every output that is wanted, in alphabetical order.

        Raises:
            ServingError: what TensorFlow raised, with TensorFlow's code; or beyond the limits.
        """

    def column(self, name: str) -> np.ndarray | None:
        """The values of a variable of the model.

        Args:
            name: the attribute that the model restores with.

        Returns:
            `(size,)`, integers or bytes; None without such a variable, or of another shape or type.
        """


def selected(wanted: Collection[str] | None, signature: Signature) -> tuple[str, ...] | None:
    """The outputs to fetch, sorted; None if that is all."""
    if wanted is None or set(wanted) == signature.outputs.keys():
        return None
    return tuple(sorted(set(wanted)))
