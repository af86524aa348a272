"""Writing `models.config`, so that a server which polls it never sees half a file."""

import os
import shutil
from itertools import takewhile
from pathlib import Path

from google.protobuf import text_format
from google.protobuf.message import Message


def config_text(header: str, message: Message) -> str:
    """A configuration in text form, below a comment.

    Args:
        header: lines that start with `#`, each with its line end; or "".
        message: a `ModelServerConfig`.
    """
    return header + text_format.MessageToString(message)


def leading_comment(text: str) -> str:
    """The comment at the top of a configuration; text form keeps no other."""
    lines = text.splitlines(keepends=True)
    return "".join(takewhile(lambda line: line.startswith("#"), lines))


def replace_file(path: Path, text: str) -> None:
    """Write a file beside `path`, and then put it in its place with its permissions.

    Raises:
        OSError: it cannot be written; `path` is as it was.
    """
    partial = path.with_name(f".{path.name}-partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, partial)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
