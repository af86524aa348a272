"""Histories as the bodies of predict calls, for several signatures."""

import json

from serving.client import Recommender
from serving.errors import InputError
from serving.load.histories import History
from serving.transports.forms import as_ids, components, padded, vector
from serving.transports.rest_transport import predict_body

SIGNATURES = ("serving_default", "ragged", "text", "encode", "similar")


def request_bodies(
    recommender: Recommender, signature: str, histories: list[History]
) -> list[bytes]:
    """One request a history, as users send them: `serving_default` in row form, without its name.

    Args:
        recommender: the model that is going to be asked; its ids' name and type are.
        signature: one of `SIGNATURES`.
        histories: raw ids each; `similar` asks for what is like the last.

    Raises:
        InputError: ids of another type, an empty history with `similar`, or a model without
            the signature.
    """
    recommender.transport.signature(signature)
    name, dtype = recommender.id_input
    return [_body(signature, name, as_ids(history, dtype)).encode() for history in histories]


def _body(signature: str, name: str, history: History) -> str:
    if signature == "serving_default":
        return json.dumps({"instances": [history]})
    if signature == "ragged":
        ids, splits = components([history])
        return predict_body(signature, {name: ids, "row_splits": splits})
    if signature == "text":
        return predict_body(signature, {"history": vector([" ".join(map(str, history))])})
    if signature == "similar":
        if not history:
            raise InputError("--signature similar: expected histories with an item. Received: []")
        return predict_body(signature, {name: vector(history[-1:])})
    return predict_body(signature, {name: padded([history], 0)})
