"""Request bodies as they travel: gzip is inflated, whatever the content type says."""

import zlib

from serving.inference.limits import Limits
from serving.protocol.errors import invalid_argument

SMALL_BYTES = 64 * 1024

_GZIP = 16 + zlib.MAX_WBITS


def is_gzip(content_encoding: str) -> bool:
    """Whether a `Content-Encoding` says that a body is to be inflated."""
    return "gzip" in content_encoding


def inflate(body: bytes, content_encoding: str, limits: Limits) -> bytes:
    """Undo a `Content-Encoding: gzip`; other bodies, and empty ones, come back as they are.

    Raises:
        ServingError: INVALID_ARGUMENT, not gzip, cut short, or with more behind it, of which a
            part would be lost.
        TooLarge: larger than the limits allow; a small body must not fill the memory.
    """
    if not body or not is_gzip(content_encoding):
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
    if inflater.unused_data:
        raise invalid_argument("The gzip request body goes on after its first member")
    return inflated


def is_small(parts: list[bytes], content_encoding: str) -> bool:
    """Whether a body, inflated, is small; one that cannot be inflated counts by what it holds."""
    if sum(map(len, parts)) > SMALL_BYTES:
        return False
    if not is_gzip(content_encoding):
        return True
    try:
        inflater = zlib.decompressobj(_GZIP)
        return len(inflater.decompress(b"".join(parts), SMALL_BYTES + 1)) <= SMALL_BYTES
    except zlib.error:
        return True
