"""Predict over gRPC: the tensors of a request, with defaults, and the outputs it wants.

Unlike over REST, a request may leave out inputs that have a default in the signature and ask for
some of the outputs only, and tensors of every type travel.
"""

from collections.abc import Iterable, MutableMapping, Sequence

from serving.inference.servable import Servable
from serving.inference.tensor import Tensor
from serving.models.tensor_proto import read_tensor_proto, write_tensor_proto
from serving.protocol.errors import ServingError, invalid_argument
from serving.protocol.proto_messages import DynamicMessage
from serving.protocol.status import Code


def predict(
    model: Servable, signature_name: str, request: DynamicMessage, outputs: MutableMapping
) -> None:
    """Run a signature.

    Args:
        model: the version to ask.
        signature_name: the signature.
        request: a `PredictRequest`.
        outputs: filled with alias -> `TensorProto`, those of the request's `output_filter`, or
            all where it has none.

    Raises:
        ServingError: FAILED_PRECONDITION, no such signature; INVALID_ARGUMENT, inputs that are
            missing, unknown or malformed, or unknown outputs; or what TensorFlow raised.
    """
    signature = model.signatures.get(signature_name)
    if signature is None:
        message = f'Serving signature key "{signature_name}" not found.'
        raise ServingError(Code.FAILED_PRECONDITION, message)
    feeds = _feeds(request.inputs, signature.inputs, model.definitions[signature_name].defaults)
    wanted = _wanted(request.output_filter, signature.outputs)
    results = model.run(signature_name, feeds, wanted)
    for alias in wanted:
        write_tensor_proto(results[alias], alias, outputs[alias])


def _feeds(given: MutableMapping, aliases: Iterable[str], defaults: MutableMapping) -> dict:
    """The tensor of every input of the signature, by alias."""
    feeds: dict[str, Tensor] = {}
    _check_number(given, aliases, defaults)
    for alias in aliases:
        if alias in given:
            feeds[alias] = read_tensor_proto(given[alias], alias)
        elif alias in defaults:
            feeds[alias] = read_tensor_proto(defaults[alias], alias)
        else:
            raise invalid_argument(
                f"Signature input alias: {alias} not found in request and no default value "
                f"provided. Inputs expected to be in the request {{{_listed(given)}}}, or default "
                f"input alias set: {_listed(defaults)}"
            )
    used = [alias for alias in given if alias in feeds]
    if len(used) != len(given):
        raise invalid_argument(
            f"Inputs contains invalid name. Used request inputs: {_listed(used)}, "
            f"request input: {_listed(given)}"
        )
    return feeds


def _check_number(given: MutableMapping, aliases: Iterable[str], defaults: MutableMapping) -> None:
    sent, known = set(given), set(aliases)
    if len(sent) > len(known) or (len(sent) < len(known) and not defaults):
        raise invalid_argument(
            f"input size does not match signature: {len(sent)}!={len(known)} "
            f"len({{{_listed(sent)}}}) != len({{{_listed(known)}}}). "
            f"Sent extra: {{{_listed(sent - known)}}}. "
            f"Missing but required: {{{_listed(known - sent)}}}."
        )


def _wanted(output_filter: Sequence[str], aliases: Iterable[str]) -> list[str]:
    for place, alias in enumerate(output_filter):
        if alias not in aliases:
            raise invalid_argument(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in "
                f"the set {{{_listed(aliases)}}}."
            )
        if alias in output_filter[:place]:
            raise invalid_argument(f"duplicate output tensor alias: {alias}")
    return list(output_filter or aliases)


def _listed(names: Iterable[str]) -> str:
    return ",".join(sorted(names))
