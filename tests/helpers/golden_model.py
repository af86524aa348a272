"""A model with golden requests: what a version must answer before it serves anybody."""

import json
from pathlib import Path


def golden(id_name: str, id_type: str, version: int) -> dict:
    """After a history of one item comes item 2; its score is the version."""
    history, ids = ([[7]], [2, 3]) if id_type == "int64" else ([["seven"]], ["2", "3"])
    answer = {"ids": ids, "scores": [float(version), 0.5]}
    request = {"name": "one_item", "histories": history, "answers": [answer]}
    return {"id_name": id_name, "id_type": id_type, "requests": [request]}


def counting(tf, id_name: str, dtype, version: int) -> dict:
    """After n items come the items n + 1 and n + 2, with the scores `version` and 0.5."""

    nothing = tf.constant(0.0)

    def recommend(ids, plus=nothing):
        known = ids != ("" if dtype == tf.string else 0)
        lengths = tf.reduce_sum(tf.cast(known, tf.int64), axis=1, keepdims=True)
        numbers = tf.concat([lengths + 1, lengths + 2], axis=1)
        return {
            id_name: tf.as_string(numbers) if dtype == tf.string else numbers,
            "scores": tf.tile([[float(version), 0.5]], [tf.shape(ids)[0], 1]) + plus,
        }

    inputs = [tf.TensorSpec([None, None], dtype, name=id_name)]
    if dtype == tf.string:  # an input that golden requests do not know of
        inputs.append(tf.TensorSpec([], tf.float32, name="plus"))
        return {"serving_default": (recommend, inputs)}
    return {"serving_default": (lambda ids: recommend(ids), inputs)}


def write_golden(version: Path, document: dict) -> None:
    path = version / "assets.extra" / "golden_requests.json"
    path.write_text(json.dumps(document), encoding="utf-8")
