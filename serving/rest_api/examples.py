"""Classify and regress requests over REST -> serialized `tf.train.Example`s.

`{"context": {"country": "NL"}, "examples": [{"movie_ids": [1, 2]}, {"movie_ids": 7}]}`: features
may have any length in each example. A number with a decimal point makes a float feature, an
integer or a boolean an int64 feature, a string or `{"b64": ...}` a bytes feature. **A float
feature must be written `80.0`, not `80`.** The context belongs to every example; a feature of
the example itself wins.
"""

from serving.protocol.errors import ServingError, invalid_argument
from serving.protocol.proto_messages import DynamicMessage, message_classes
from serving.rest_api.json_document import Json, preview, type_name
from serving.rest_api.json_tensor import is_base64, read_strings

# TensorFlow's, but for the names of features: strings there, any bytes in the real server.
_CLASSES = message_classes(
    "serving/example.proto",
    "tensorflow",
    {
        "BytesList": ["repeated bytes value 1"],
        "FloatList": ["repeated float value 1"],
        "Int64List": ["repeated int64 value 1"],
        "Feature": ["BytesList bytes_list 1", "FloatList float_list 2", "Int64List int64_list 3"],
        "Entry": ["bytes key 1", "Feature value 2"],
        "Features": ["repeated Entry feature 1"],
        "Example": ["Features features 1"],
    },
)
Feature = _CLASSES["Feature"]
BytesList = _CLASSES["BytesList"]
FloatList = _CLASSES["FloatList"]
Int64List = _CLASSES["Int64List"]

_INT64 = range(-(2**63), 2**63)


def read_examples(document: dict) -> list[bytes]:
    """The request's examples, each a serialized `tf.train.Example` with the context merged in.

    Raises:
        ServingError: INVALID_ARGUMENT, not of that form, or a feature of mixed or other types.
    """
    examples = document.get("examples")
    if "examples" not in document:
        raise invalid_argument("Missing 'examples' key, expected by classify and regress requests")
    if not isinstance(examples, list):
        raise invalid_argument("Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid_argument("No values in 'examples' array")
    context = _read_features(document.get("context", {}), "'context'")
    return [
        _serialize(context | _read_features(example, f"Example {index}"))
        for index, example in enumerate(examples)
    ]


def _read_features(members: object, where: str) -> dict[str, DynamicMessage]:
    if not isinstance(members, dict):
        raise invalid_argument(
            f"{where}: expecting an object of features. Received: {preview(members)}"
        )
    return {name: _read_feature(name, value) for name, value in members.items()}


def _serialize(features: dict[str, DynamicMessage]) -> bytes:
    example = _CLASSES["Example"]()
    for name, feature in features.items():
        key = name.encode("utf-8", "surrogateescape")
        example.features.feature.add(key=key, value=feature)
    return example.SerializeToString()


def _read_feature(name: str, value: Json) -> DynamicMessage:
    values = value if isinstance(value, list) else [value]
    types = set(map(type, values))
    if not types:
        return Feature()
    if types <= {int, bool}:
        _require_int64(name, values)
        return Feature(int64_list=Int64List(value=map(int, values)))
    if types == {float}:
        return Feature(float_list=FloatList(value=values))
    if types <= {str, dict} and all(type(item) is str or is_base64(item) for item in values):
        return Feature(bytes_list=BytesList(value=read_strings(values)))
    raise _refused(name, values)


def _require_int64(name: str, values: list[int]) -> None:
    for item in values:
        if item not in _INT64:
            raise invalid_argument(f"Feature: {name} has a value out of int64's range: {item}")


def _refused(name: str, values: list) -> ServingError:
    for item in values:
        if not isinstance(item, (bool, int, float, str)) and not is_base64(item):
            return invalid_argument(
                f"Feature: {name} has a value of a type no feature has: {preview(item)} "
                f"Type: {type_name(item)}"
            )
    return invalid_argument(f"Feature: {name} mixes values of different types: {preview(values)}")
