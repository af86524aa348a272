"""Which models to serve: flags, or a file in TensorFlow Serving's text form.

model_config_list {
  config { name: "seqrec" base_path: "/models/seqrec" model_platform: "tensorflow" }
}
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import Message

from serving.errors import InputError

PLATFORM = "tensorflow"

# message -> field -> (number, type, repeated); the numbers are TensorFlow Serving's.
_MESSAGES = {
    "ModelConfig": {
        "name": (1, "string", False),
        "base_path": (2, "string", False),
        "model_platform": (4, "string", False),
    },
    "ModelConfigList": {"config": (1, "ModelConfig", True)},
    "ModelServerConfig": {"model_config_list": (1, "ModelConfigList", False)},
}


@dataclass(frozen=True)
class ModelConfig:
    """One model to serve.

    Attributes:
        name: its name in URLs.
        base_path: the directory of its version directories, absolute.
    """

    name: str
    base_path: Path


def read_model_configs(path: Path) -> list[ModelConfig]:
    """Read a `--model_config_file`.

    Raises:
        InputError: not that text form, a field this server does not know, a relative base path,
            another platform, a name given twice, or no model at all.
        OSError: the file cannot be read.
    """
    message = _server_config_class()()
    try:
        text_format.Parse(path.read_text(encoding="utf-8"), message)
    except text_format.ParseError as error:
        raise InputError(f"{path}, {_place_first(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected a text file in UTF-8. Received: {error}") from error
    entries = message.model_config_list.config
    if not entries:
        raise InputError(f"{path}: expected model_config_list {{ config {{ ... }} }}; no model")
    configs = [_checked(entry, f"{path}, config {i}") for i, entry in enumerate(entries, 1)]
    _reject_duplicates(configs, path)
    return configs


def _checked(entry: Message, where: str) -> ModelConfig:
    if not entry.name or not entry.base_path:
        raise InputError(f"{where}: expected a name and a base_path. Received: {_one_line(entry)}")
    if entry.model_platform != PLATFORM:
        raise InputError(
            f"{where}, model {entry.name!r}: expected model_platform: {PLATFORM!r}. "
            f"Received: {entry.model_platform!r}"
        )
    if not Path(entry.base_path).is_absolute():
        raise InputError(
            f"{where}, model {entry.name!r}: expected an absolute base_path. "
            f"Received: {entry.base_path!r}"
        )
    return ModelConfig(entry.name, Path(entry.base_path))


def _reject_duplicates(configs: list[ModelConfig], path: Path) -> None:
    names = [config.name for config in configs]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"{path}: expected every model once. Received: {names.count(name)} of {name!r}"
            )


def _place_first(error: Exception) -> str:
    """TensorFlow's place `3:5 : what` as words."""
    place, separator, reason = str(error).partition(" : ")
    line, _, column = place.partition(":")
    return f"line {line}, column {column}: {reason}" if separator else str(error)


def _one_line(message: Message) -> str:
    return text_format.MessageToString(message, as_one_line=True) or "nothing"


@cache
def _server_config_class() -> type[Message]:
    """The message class, made at run time: the package that ships it is not a dependency."""
    file = descriptor_pb2.FileDescriptorProto(name="model_server_config.proto", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind, repeated) in fields.items():
            _add_field(message, field_name, number, kind, repeated)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("ModelServerConfig"))


def _add_field(
    message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str, repeated: bool
) -> None:
    field = message.field.add(name=name, number=number)
    field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
    if kind == "string":
        field.type = field.TYPE_STRING
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{kind}"
