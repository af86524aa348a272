"""Request bodies as they travel: gzip is inflated, whatever the content type says."""

import zlib

from starlette.requests import Request

from serving.errors import invalid_argument
from serving.models.limits import Limits

_GZIP = 16 + zlib.MAX_WBITS


def inflate(body: bytes, content_encoding: str, limits: Limits) -> bytes:
    """Undo a `Content-Encoding: gzip`; other bodies come back as they are.

    Raises:
        ServingError: INVALID_ARGUMENT, not gzip or cut short.
        TooLarge: larger than the limits allow; a small body must not fill the memory.
    """
    if "gzip" not in content_encoding.lower():
        return body
    inflater = zlib.decompressobj(_GZIP)
    try:
        # One byte more than is allowed, to tell; 0 is no limit here, too.
        inflated = inflater.decompress(body, limits.body_bytes and limits.body_bytes + 1)
    except zlib.error as error:
        raise invalid_argument(f"The request body is not gzip: {error}") from error
    limits.require_body(len(inflated))
    if not inflater.eof:
        raise invalid_argument("The gzip request body is cut short")
    return inflated


async def read_body(request: Request, limits: Limits) -> bytes:
    """A request's body as it was sent.

    Raises:
        TooLarge: larger than the limits allow; the rest is not read.
        ClientDisconnect: the client left.
    """
    announced = request.headers.get("content-length", "")
    limits.require_body(int(announced) if announced.isdecimal() else 0)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        limits.require_body(size)
        parts.append(part)
    return b"".join(parts)
