"""Request bodies as they travel: gzip is inflated, whatever the content type says."""

import zlib

from serving.errors import invalid_argument

# A small compressed body must not fill the memory.
LARGEST_INFLATED_BYTES = 256 * 2**20
_GZIP = 16 + zlib.MAX_WBITS


def inflate(body: bytes, content_encoding: str) -> bytes:
    """Undo a `Content-Encoding: gzip`; other bodies come back as they are.

    Raises:
        ServingError: INVALID_ARGUMENT, not gzip, cut short, or larger than 256 MiB inflated.
    """
    if "gzip" not in content_encoding.lower():
        return body
    inflater = zlib.decompressobj(_GZIP)
    try:
        inflated = inflater.decompress(body, LARGEST_INFLATED_BYTES)
    except zlib.error as error:
        raise invalid_argument(f"The request body is not gzip: {error}") from error
    if not inflater.eof:
        raise invalid_argument(
            "The gzip request body is cut short, or inflates to more than "
            f"{LARGEST_INFLATED_BYTES} bytes"
        )
    return inflated
