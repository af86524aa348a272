"""TensorFlow Serving's configuration files: protocol buffers in text form."""

from functools import cache
from pathlib import Path
from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message

from serving.protocol.errors import InputError
from serving.protocol.proto_messages import DynamicMessage, message_classes

Filled = TypeVar("Filled", bound=Message)

# What tensorflow-serving-api does not ship, by file; the numbers are TensorFlow Serving's.
_FILES = {
    "session_bundle_config.proto": {
        "Int64Value": ["int64 value 1"],
        "StringValue": ["string value 1"],
        "BoolValue": ["bool value 1"],
        "BatchingParameters": [
            "Int64Value max_batch_size 1",
            "Int64Value batch_timeout_micros 2",
            "Int64Value max_enqueued_batches 3",
            "Int64Value num_batch_threads 4",
            "StringValue thread_pool_name 5",
            "repeated int64 allowed_batch_sizes 6",
            "bool pad_variable_length_inputs 7",
            "BoolValue enable_large_batch_splitting 8",
            "Int64Value max_execution_batch_size 9",
        ],
    },
    "monitoring_config.proto": {
        "PrometheusConfig": ["bool enable 1", "string path 2"],
        "MonitoringConfig": ["PrometheusConfig prometheus_config 1"],
    },
}


def read_text_proto(path: Path, message: Filled) -> Filled:
    """Fill a message from a file in text form.

    Raises:
        InputError: not that text form, or a field that the message does not have.
        OSError: the file cannot be read.
    """
    kind = message.DESCRIPTOR.name
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), message)
    except FileNotFoundError as error:
        raise InputError(f"expected a file with a {kind}. Received: {path}: none there") from error
    except text_format.ParseError as error:
        place, reason = _place_and_reason(error)
        raise InputError(
            f"{path}{place}: expected a {kind} as protocol buffer text. Received: {reason}"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected a text file in UTF-8. Received: {error}") from error


@cache
def message_class(file_name: str, message_name: str) -> type[DynamicMessage]:
    """The class of a message that no installed package ships."""
    return message_classes(file_name, "tensorflow.serving", _FILES[file_name])[message_name]


def _place_and_reason(error: text_format.ParseError) -> tuple[str, str]:
    """The parser's `3:5 : what`, taken apart."""
    place = f", line {error.GetLine()}, column {error.GetColumn()}" if error.GetLine() else ""
    return place, str(error).rpartition(" : ")[2]
