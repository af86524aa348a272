"""The `--monitoring_config_file`: whether there are metrics, and at which path."""

from pathlib import Path

from serving.protocol.errors import InputError
from serving.protocol.text_proto import message_class, read_text_proto

DEFAULT_PATH = "/monitoring/prometheus/metrics"


def read_monitoring_path(file: Path | None) -> str | None:
    """The path of the metrics; None if the file does not turn them on, or there is none.

    Raises:
        InputError: not TensorFlow Serving's text form, or a path that does not begin with /.
        OSError: the file cannot be read.
    """
    if file is None:
        return None
    config = read_text_proto(file, message_class("monitoring_config.proto", "MonitoringConfig")())
    path = config.prometheus_config.path or DEFAULT_PATH
    if not path.startswith("/"):
        raise InputError(f"{file}: expected a path that begins with /. Received: {path!r}")
    return path if config.prometheus_config.enable else None
