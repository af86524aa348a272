"""A request body -> what is asked: the signature and its tensors. Without TensorFlow.

This is what a stranger's bytes can make slow and large, so it needs nothing but these bytes and the
names of a model's signatures: it runs in another process as well.
"""

from dataclasses import dataclass

from serving.inference.examples import example_feeds
from serving.inference.limits import Limits
from serving.inference.tensor import Tensor
from serving.protocol.errors import ServingError, invalid_argument
from serving.rest_api.body import inflate
from serving.rest_api.examples import read_examples
from serving.rest_api.json_document import parse_document
from serving.rest_api.json_request import is_row_form, read_columns, read_rows, read_signature_name


@dataclass(frozen=True)
class Model:
    """What has to be known of a model to read a request to it.

    Attributes:
        inputs: signature -> alias -> name of the TensorFlow type.
        error: why there is no such model; its requests are read all the same.
    """

    inputs: dict[str, dict[str, str]]
    error: ServingError | None = None


@dataclass(frozen=True)
class Asked:
    """What a request asks for.

    Attributes:
        signature: a signature's name.
        rows: whether the answer is in row form.
        feeds: alias -> tensor.
    """

    signature: str
    rows: bool
    feeds: dict[str, Tensor]


def read_request(operation: str, body: bytes, encoding: str, limits: Limits, model: Model) -> Asked:
    """Read a request to predict, classify or regress.

    Args:
        operation: one of these.
        body: as it was sent.
        encoding: its `Content-Encoding`.
        limits: how large it may be, inflated.
        model: the model it is for.

    Raises:
        ServingError: the request is wrong, or there is no such model.
    """
    document = parse_document(inflate(body, encoding, limits))
    signature = read_signature_name(document)
    if operation != "predict":
        examples = read_examples(document)
        _require_found(model)
        return Asked(signature, True, example_feeds(examples))
    _require_found(model)
    inputs = model.inputs.get(signature)
    if inputs is None:
        raise invalid_argument(f'Serving signature name: "{signature}" not found in signature def')
    if not inputs:
        raise invalid_argument(f"Failed to get input map for signature: {signature}")
    if is_row_form(document):
        return Asked(signature, True, read_rows(document["instances"], inputs))
    return Asked(signature, False, read_columns(document["inputs"], inputs))


def _require_found(model: Model) -> None:
    if model.error is not None:
        raise model.error
