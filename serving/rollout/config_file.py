"""Changing `models.config`, so that a server which polls it never sees half a file."""

import os
import shutil
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

from google.protobuf import text_format

from serving.protocol.errors import InputError
from serving.protocol.proto_messages import DynamicMessage
from serving.protocol.text_proto import read_text_proto


class ConfigFile:
    """A `--model_config_file`, and the entry of one model in it.

    Attributes:
        entry: the model's `ModelConfig`.
        comment: the comment at the top.

    Raises:
        InputError: the file is none, or does not have the model.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, model: str):
        from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

        self._path = path
        self._message = read_text_proto(path, ModelServerConfig())
        self._first_text = path.read_text(encoding="utf-8")
        self._ours = {self._first_text}
        self.comment = _leading_comment(self._first_text)
        entries = {entry.name: entry for entry in self._message.model_config_list.config}
        if model not in entries:
            raise InputError(
                f"--model: expected one of {path}: {', '.join(entries) or 'none'}. "
                f"Received: {model!r}"
            )
        self.entry = entries[model]

    @property
    def labels(self) -> dict[str, int]:
        """The model's labels and the versions they stand for."""
        return dict(sorted(self.entry.version_labels.items()))

    @property
    def versions(self) -> list[int]:
        """The versions that the policy names; none if it names none."""
        return list(self.entry.model_version_policy.specific.versions)

    def write(self, versions: Iterable[int], labels: dict[str, int]) -> None:
        """Write the file with this policy and these labels of the model.

        Raises:
            InputError: somebody else has changed the file.
            OSError: it cannot be written; it is as it was.
        """
        specific = self.entry.model_version_policy.specific
        del specific.versions[:]
        specific.versions.extend(sorted(set(versions)))
        self.entry.version_labels.clear()
        self.entry.version_labels.update(labels)
        self._replace(config_text(self.comment, self._message))

    def restore(self) -> bool:
        """Put the file back as it was read; False if that is how it is.

        Raises:
            InputError, OSError: as `write`.
        """
        if self._path.read_text(encoding="utf-8") == self._first_text:
            return False
        self._replace(self._first_text)
        return True

    def _replace(self, text: str) -> None:
        if self._path.read_text(encoding="utf-8") not in self._ours:
            raise InputError(f"{self._path}: changed meanwhile by somebody else; look at it first")
        # Before it is written: a signal may come in between.
        self._ours.add(text)
        replace_file(self._path, text)


def config_text(header: str, message: DynamicMessage) -> str:
    """A configuration in text form, below a comment.

    Args:
        header: lines that start with `#`, each with its line end; or "".
        message: a `ModelServerConfig`.
    """
    return header + text_format.MessageToString(message)


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
        _sync_folder(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _leading_comment(text: str) -> str:
    """All the comment that text form can keep."""
    lines = text.splitlines(keepends=True)
    return "".join(takewhile(lambda line: line.startswith("#"), lines))
