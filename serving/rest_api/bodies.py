"""Request bodies as they come in, and a limit to what all of them hold together."""

from starlette.requests import Request

from serving.inference.limits import Limits
from serving.protocol.errors import ServingError
from serving.protocol.status import Code
from serving.rest_api.body import SMALL_BYTES

LARGEST_AT_ONCE = 4


class Bodies:
    """The bodies that are held at the same time, and their size. For one thread.

    Args:
        limits: the largest of one; a few such are held at once.
    """

    def __init__(self, limits: Limits):
        self._limits = limits
        self._most = LARGEST_AT_ONCE * limits.body_bytes or float("inf")
        self._held = 0

    async def read(self, request: Request, parts: list[bytes]) -> None:
        """Read a request's body as it was sent.

        Args:
            request: where it comes from.
            parts: where it goes; to be handed to `release` at last, also after an error.

        Raises:
            TooLarge: larger than the limits allow; the rest is not read.
            ServingError: UNAVAILABLE, together with others it is.
            ClientDisconnect: the client left.
        """
        announced = request.headers.get("content-length", "")
        self._limits.require_body(int(announced) if announced.isdecimal() else 0)
        size = 0
        async for part in request.stream():
            size += len(part)
            self._held += len(part)
            parts.append(part)
            self._limits.require_body(size)
            if self._held > self._most and size > SMALL_BYTES:
                raise ServingError(
                    Code.UNAVAILABLE, "Too many large requests at once; try again later"
                )

    def release(self, parts: list[bytes]) -> None:
        """Forget a body."""
        self._held -= sum(map(len, parts))
        parts.clear()
