"""Examples as gRPC carries them become what a signature is fed."""

import pytest
from tensorflow.core.example.example_pb2 import Example
from tensorflow_serving.apis.input_pb2 import Input

from serving.inference.examples import example_feeds, serialized_examples
from serving.protocol.errors import ServingError


def example(**features: int) -> Example:
    result = Example()
    for name, value in features.items():
        result.features.feature[name].int64_list.value.append(value)
    return result


def features(serialized: bytes) -> dict[str, list[int]]:
    found = Example.FromString(serialized).features.feature
    return {name: list(feature.int64_list.value) for name, feature in found.items()}


def test_a_list():
    source = Input()
    source.example_list.examples.extend([example(a=1), example()])
    assert list(map(features, serialized_examples(source))) == [{"a": [1]}, {}]


def test_the_example_wins_over_the_context():
    source = Input()
    source.example_list_with_context.context.CopyFrom(example(a=1, b=1))
    source.example_list_with_context.examples.extend([example(b=2), example(c=3)])
    expected = [{"a": [1], "b": [2]}, {"a": [1], "b": [1], "c": [3]}]
    assert list(map(features, serialized_examples(source))) == expected


@pytest.mark.parametrize("kind", [None, "example_list", "example_list_with_context"])
def test_none_at_all(kind):
    source = Input()
    if kind:
        getattr(source, kind).SetInParent()
    with pytest.raises(ServingError, match="Input is empty"):
        serialized_examples(source)


def test_feeds():
    (alias, tensor), *_ = example_feeds([b"a\0", b""]).items()
    assert (alias, tensor.values.tolist(), tensor.shape) == ("inputs", [b"a\0", b""], (2,))
