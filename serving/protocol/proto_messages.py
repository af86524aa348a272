"""Protocol buffer messages made at run time: no package ships them, or importing it is slow."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

Field = descriptor_pb2.FieldDescriptorProto

if TYPE_CHECKING:

    class DynamicMessage(Message):
        """A message whose fields only its description knows, and no type checker."""

        def __getattr__(self, name: str) -> Any: ...  # noqa: ANN401

        def __setattr__(self, name: str, value: object) -> None: ...

else:
    DynamicMessage = Message


def message_classes(
    file_name: str, package: str, messages: Mapping[str, Sequence[str]]
) -> dict[str, type[DynamicMessage]]:
    """Make messages, in a pool of their own: others of the same names may be loaded as well.

    Args:
        file_name: of the .proto file they would be in.
        package: theirs.
        messages: message -> its fields, each `[repeated | map] type name number`, as the bytes
            have them. A type that is no scalar is one of the messages. A map's keys are strings;
            an enumeration is an int32. Fields that are left out are kept unread.

    Returns:
        Message -> its class.
    """
    file = descriptor_pb2.FileDescriptorProto(name=file_name, package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field in fields:
            _add_field(message, f".{package}", *field.rsplit(maxsplit=2))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"{package}.{name}") for name in messages}
    return {
        name: cast(type[DynamicMessage], message_factory.GetMessageClass(description))
        for name, description in found.items()
    }


def _add_field(
    message: descriptor_pb2.DescriptorProto, scope: str, kind: str, name: str, number: str
) -> None:
    """Add a field to a message's description; `scope` is where names of types are looked up."""
    rule, _, type_name = kind.rpartition(" ")
    if rule == "map":
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _add_field(entry, scope, "string", "key", "1")
        _add_field(entry, scope, type_name, "value", "2")
        type_name = f"{message.name}.{entry.name}"
    field = message.field.add(name=name, number=int(number), label=Field.LABEL_OPTIONAL)
    if rule:
        field.label = Field.LABEL_REPEATED
    if type_name.islower():
        field.type = Field.Type.Value(f"TYPE_{type_name.upper()}")
    else:
        field.type, field.type_name = Field.TYPE_MESSAGE, f"{scope}.{type_name}"
