"""Serialized `tf.train.Example`s: what a classify or regress signature is fed."""

from serving.inference.tensor import Tensor, string_values
from serving.protocol.errors import invalid_argument
from serving.protocol.proto_messages import DynamicMessage

INPUT = "inputs"


def example_feeds(examples: list[bytes]) -> dict[str, Tensor]:
    """What to feed a signature that takes serialized examples."""
    return {INPUT: Tensor(string_values(examples), (len(examples),))}


def serialized_examples(source: DynamicMessage) -> list[bytes]:
    """The examples of a `tensorflow.serving.Input`, as gRPC requests carry them.

    A context stands before each example: whoever parses the two as one message takes the
    example's own feature where both have it.

    Raises:
        ServingError: INVALID_ARGUMENT, there are none.
    """
    kind = source.WhichOneof("kind")
    examples = getattr(source, kind).examples if kind else ()
    if not examples:
        raise invalid_argument("Input is empty.")
    context = b""
    if kind == "example_list_with_context":
        context = source.example_list_with_context.context.SerializeToString()
    return [context + example.SerializeToString() for example in examples]
