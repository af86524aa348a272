"""What a client needs of a connection to a model server, whether it speaks REST or gRPC."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from serving.client.transports.retrying import Retries, ask_repeatedly
from serving.protocol.errors import InputError


@dataclass(frozen=True)
class Served:
    """Which model is asked, and where.

    Attributes:
        url: `http://HOST:PORT`, `https://NAME:PASSWORD@HOST` or `grpc://HOST:PORT`, without a
            trailing slash.
        model: the model's name on the server.
        version: the version asked for; None for the newest.
        label: the version label asked for instead, such as `stable`.
    """

    url: str
    model: str
    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        return f"{without_password(self.url)}, model {self.model!r}"


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of a signature.

    Attributes:
        dtype: name of its TensorFlow type, such as `DT_INT64`.
        shape: size of every dimension, -1 where it varies.
    """

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Values:
    """A tensor that is sent, in plain Python: importing NumPy takes longer than asking.

    Attributes:
        values: the elements in row-major order.
        shape: the size of every dimension; `()` is a scalar.
    """

    values: list[Any]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a signature, by alias.

    Attributes:
        inputs: what it takes.
        outputs: what it returns.
        defaults: what inputs are that a request leaves out, for those that have a default; each
            is read when it is asked for.
    """

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]
    defaults: Mapping[str, Callable[[], Values]] = field(default_factory=dict)


class Transport(ABC):
    """A model on a server. What fails in passing is asked again (`retrying`).

    Args:
        served: the model.
        timeout: seconds to wait for an answer.
        retries: how failures are retried.
    """

    def __init__(self, served: Served, timeout: float, retries: Retries):
        self.served = served
        self._timeout = timeout
        self._retries = retries

    @cached_property
    def signatures(self) -> dict[str, Signature]:
        """The model's signatures by name, asked of the server once.

        Raises:
            RequestError: the server cannot be reached, or refuses.
            InputError: what answers is no model server.
        """
        return ask_repeatedly(self._retries, self._timeout, self._ask_signatures)

    def signature(self, name: str) -> Signature:
        """One of `signatures`.

        Raises:
            InputError: the model has none of that name.
            RequestError: as `signatures`.
        """
        if name not in self.signatures:
            # Others are TensorFlow's own.
            known = sorted(known for known in self.signatures if not known.startswith("__"))
            raise InputError(
                f"{self.served}: expected a model with the signature {name!r}. "
                f"Received: signatures {', '.join(known)}"
            )
        return self.signatures[name]

    def predict(self, signature: str, inputs: Mapping[str, Values]) -> dict[str, list[Any]]:
        """Run a signature.

        Args:
            signature: one of `signatures`.
            inputs: alias -> tensor; what is left out takes the default of the signature.

        Returns:
            alias -> nested lists of bool, int, float or str. Floats of a `DT_FLOAT` are float32
            numbers; bytes that are not UTF-8 are replaced.

        Raises:
            RequestError, InputError: as `signatures`; an input without a default is left out.
        """
        self._require(signature, inputs)
        return ask_repeatedly(
            self._retries,
            self._timeout,
            lambda timeout: self._predict(signature, inputs, timeout),
        )

    def complete(self, signature: str, inputs: Mapping[str, Values]) -> dict[str, Values]:
        """`inputs`, and the defaults of those that are left out: REST has to name every one.

        Raises:
            RequestError, InputError: as `predict`.
        """
        self._require(signature, inputs)
        defaults = self.signature(signature).defaults
        return {a: read() for a, read in defaults.items() if a not in inputs} | dict(inputs)

    def _require(self, name: str, inputs: Mapping[str, Values]) -> None:
        signature = self.signature(name)
        missing = signature.inputs.keys() - inputs.keys() - signature.defaults.keys()
        if missing:
            raise InputError(
                f"{self.served}: the signature {name!r} needs {', '.join(sorted(missing))}, for "
                f"which it has no default. Received: {', '.join(sorted(inputs)) or 'nothing'}"
            )

    @abstractmethod
    def close(self) -> None:
        """Give up the connections."""

    @abstractmethod
    def _ask_signatures(self, timeout: float) -> dict[str, Signature]: ...

    @abstractmethod
    def _predict(
        self, signature: str, inputs: Mapping[str, Values], timeout: float
    ) -> dict[str, Any]: ...


def without_password(url: str) -> str:
    """A URL for messages: without the name and the password before its host."""
    return re.sub("//[^/]*@", "//", url)


def nested(values: list[Any], shape: tuple[int, ...]) -> object:
    """Flat values as nested lists; the only value itself for a scalar."""
    if not shape:
        return values[0]
    for depth in range(len(shape) - 1, 0, -1):
        size = shape[depth]
        # Counted from the shape, not from the values: a dimension of size 0 has none.
        groups = range(math.prod(shape[:depth]))
        values = [values[group * size : (group + 1) * size] for group in groups]
    return values
