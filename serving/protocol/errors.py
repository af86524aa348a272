"""What goes wrong: a request that gets an error answer, and input that stops a command."""

import json
from typing import Any

from serving.protocol.status import HTTP_STATUS, Code


class InputError(ValueError):
    """Input a person can correct; the message says what, where, expected and received."""


class UnreadableError(InputError):
    """A file or folder that cannot be read now, and perhaps can later."""


class ServingError(Exception):
    """A request that is answered with an error.

    Attributes:
        code: TensorFlow's canonical code.
        message: what was wrong, for the client.
    """

    def __init__(self, code: Code, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets all of it."""
        return _restore, (type(self), self.code, self.message)

    @property
    def http_status(self) -> int:
        """The HTTP status of the answer."""
        return HTTP_STATUS[self.code]

    def body(self) -> str:
        """The answer's body: `{"error": "<message>"}`."""
        return json.dumps({"error": self.message}, ensure_ascii=False)


def _restore(kind: type[ServingError], code: Code, message: str) -> ServingError:
    error = kind.__new__(kind)
    ServingError.__init__(error, code, message)
    return error


class TooLarge(ServingError):
    """A request beyond the server's limits; HTTP has a status for it, TensorFlow no code."""

    http_status = 413

    def __init__(self, message: str):
        super().__init__(Code.RESOURCE_EXHAUSTED, message)


class SilentError(ServingError):
    """An error answered with an empty body, as TensorFlow Serving does for huge versions."""

    def body(self) -> str:
        """The answer's body: nothing."""
        return ""


def invalid_argument(message: str) -> ServingError:
    """An error in the request itself (HTTP 400)."""
    return ServingError(Code.INVALID_ARGUMENT, message)


def not_found(message: str) -> ServingError:
    """A model or version that is not served (HTTP 404)."""
    return ServingError(Code.NOT_FOUND, message)


def unimplemented(message: str) -> ServingError:
    """Something the protocol cannot express, such as a float16 tensor (HTTP 501)."""
    return ServingError(Code.UNIMPLEMENTED, message)
