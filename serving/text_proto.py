"""TensorFlow Serving's configuration files: protocol buffers in text form."""

from functools import cache
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import Message

from serving.errors import InputError

# file -> message -> field -> (number, type, repeated): what tensorflow-serving-api does not ship.
# The numbers are TensorFlow Serving's; a type that is no scalar names a message of the same file.
_FILES = {
    "session_bundle_config.proto": {
        "Int64Value": {"value": (1, "int64", False)},
        "StringValue": {"value": (1, "string", False)},
        "BoolValue": {"value": (1, "bool", False)},
        "BatchingParameters": {
            "max_batch_size": (1, "Int64Value", False),
            "batch_timeout_micros": (2, "Int64Value", False),
            "max_enqueued_batches": (3, "Int64Value", False),
            "num_batch_threads": (4, "Int64Value", False),
            "thread_pool_name": (5, "StringValue", False),
            "allowed_batch_sizes": (6, "int64", True),
            "pad_variable_length_inputs": (7, "bool", False),
            "enable_large_batch_splitting": (8, "BoolValue", False),
            "max_execution_batch_size": (9, "Int64Value", False),
        },
    },
    "monitoring_config.proto": {
        "PrometheusConfig": {"enable": (1, "bool", False), "path": (2, "string", False)},
        "MonitoringConfig": {"prometheus_config": (1, "PrometheusConfig", False)},
    },
}
_SCALARS = {
    name: getattr(descriptor_pb2.FieldDescriptorProto, f"TYPE_{name.upper()}")
    for name in ("bool", "string", "int32", "int64")
}


def read_text_proto(path: Path, message: Message) -> Message:
    """Fill a message from a file in text form.

    Raises:
        InputError: not that text form, or a field that the message does not have.
        OSError: the file cannot be read.
    """
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), message)
    except text_format.ParseError as error:
        raise InputError(f"{path}, {_place_first(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected a text file in UTF-8. Received: {error}") from error


@cache
def message_class(file_name: str, message_name: str) -> type[Message]:
    """The class of a message that no installed package ships, made at run time."""
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name=file_name, syntax="proto3")
    for name, fields in _FILES[file_name].items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind, repeated) in fields.items():
            field = message.field.add(name=field_name, number=number)
            field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if kind in _SCALARS:
                field.type = _SCALARS[kind]
            else:
                field.type, field.type_name = field.TYPE_MESSAGE, f".{kind}"
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(message_name))


def _place_first(error: Exception) -> str:
    """TensorFlow's place `3:5 : what` as words."""
    place, separator, reason = str(error).partition(" : ")
    line, _, column = place.partition(":")
    return f"line {line}, column {column}: {reason}" if separator else str(error)
