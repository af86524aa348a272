"""What a reader of an exported file says where the content is not what the exporter writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.protobuf.message import DecodeError

from seqrec_tf.errors import InputError


@contextmanager
def as_written(path: Path) -> Iterator[None]:
    """For what reads a file of the export: content that cannot be read is bad input.

    Raises:
        InputError: the body met something else than the exporter writes.
    """
    try:
        yield
    except InputError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, DecodeError) as error:
        raise InputError(
            f"{path}: expected what `python -m export` wrote; it was changed or damaged since. "
            f"Received: {type(error).__name__}: {error}"
        ) from error
