"""Small logs written for a test, and read as a person's own."""

import pytest

from seqrec_tf.data.logs import load_logs
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig


def write_log(tmp_path, text: str, name: str = "log.csv") -> str:
    """Write a file as it is; its path."""
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    return str(path)


def load_log(path: str, **options):
    """The log at a path, with options of `DataConfig`."""
    return load_logs(DataConfig(interactions=path, **options))


def write_csv(tmp_path, *lines: str, header: str = "user_id,item_id,timestamp") -> str:
    """Write lines below a header; the path."""
    return write_log(tmp_path, "\n".join([header, *lines]) + "\n")


def refused(path: str, **options) -> str:
    """The one line with which a log is refused."""
    with pytest.raises(InputError) as caught:
        load_log(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message
