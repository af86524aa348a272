"""Histories as the bodies of predict calls, for several signatures."""

import json
from collections.abc import Sequence

from serving.client import Recommender
from serving.client.transports.forms import as_ids, components, padded, vector
from serving.client.transports.rest_transport import predict_body
from serving.client.transports.transport import Values
from serving.load.histories import History
from serving.protocol.errors import InputError

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
    plain = len(recommender.transport.signature(signature).inputs) == 1
    name, dtype = recommender.id_input
    bodies = []
    for history in histories:
        ids = as_ids(history, dtype)
        if signature == "serving_default" and plain:
            bodies.append(json.dumps({"instances": [ids]}))
        else:
            inputs = recommender.transport.complete(signature, _inputs(signature, name, ids))
            bodies.append(predict_body(signature, inputs))
    return [body.encode() for body in bodies]


def _inputs(signature: str, name: str, history: Sequence[int | str]) -> dict[str, Values]:
    if signature == "ragged":
        ids, splits = components([history])
        return {name: ids, "row_splits": splits}
    if signature == "text":
        return {"history": vector([" ".join(map(str, history))])}
    if signature == "similar":
        if not history:
            raise InputError("--signature similar: expected histories with an item. Received: []")
        return {name: vector(list(history[-1:]))}
    return {name: padded([history], 0)}
