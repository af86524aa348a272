"""The signatures that a SavedModel of this exporter promises (README, "Signatures")."""

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo

from export.artifact.documents import Golden
from seqrec_tf.errors import InputError

# name -> (dtype, shape); -1 is any size.
Tensors = dict[str, tuple[str, list[int]]]


def promised(
    id_name: str,
    id_type: str,
    k: int,
    dim: int,
    categories: bool = False,
    timed: bool = False,
) -> dict[str, tuple[Tensors, Tensors]]:
    """Signature -> (inputs, outputs)."""
    ids, batch = {id_name: (id_type, [-1, -1])}, [-1]
    answer = {
        id_name: (id_type, [-1, k]),
        "titles": ("string", [-1, k]),
        "scores": ("float32", [-1, k]),
    }
    options = {"k": ("int32", []), "exclude_ids": (id_type, batch), "filter_seen": ("bool", [])}
    if categories:
        options["categories"] = ("string", batch)
    times: Tensors = {"timestamps": ("int64", [-1, -1]), "now": ("int64", batch)} if timed else {}
    any_k = {name: (kind, [-1, -1]) for name, (kind, _) in answer.items()}
    classes = {"classes": ("string", [-1, k]), "scores": ("float32", [-1, k])}
    splits = {id_name: (id_type, batch), "row_splits": ("int64", batch)}
    signatures = {
        "serving_default": (ids, answer),
        "ragged": (splits, answer),
        "text": ({"history": ("string", batch)}, answer),
        "examples": ({"inputs": ("string", batch)}, classes),
        "recommend": ({**ids, **options, **times}, any_k),
        "score": (
            {**ids, "candidate_ids": (id_type, [-1, -1])},
            {"scores": ("float32", [-1, -1])},
        ),
        "encode": (ids, {"embedding": ("float32", [-1, dim])}),
        "similar": ({id_name: (id_type, batch)}, answer),
    }
    return signatures | ({"timed": ({**ids, **times}, answer)} if timed else {})


def promised_to(golden: Golden) -> dict[str, tuple[Tensors, Tensors]]:
    """What the golden requests of an artifact are asked of."""
    known = (golden.id_name, golden.id_type, golden.k, golden.dim, golden.categories)
    return promised(*known, timed=golden.timed is not None)


def found(model: saved_model_pb2.SavedModel) -> dict[str, tuple[Tensors, Tensors]]:
    """The signatures of a SavedModel, in the same form."""
    return {
        name: (_tensors(signature.inputs), _tensors(signature.outputs))
        for name, signature in sorted(model.meta_graphs[0].signature_def.items())
        if not name.startswith("__")
    }


def _tensors(infos: Mapping[str, TensorInfo]) -> Tensors:
    return {
        name: (tf.as_dtype(info.dtype).name, [side.size for side in info.tensor_shape.dim])
        for name, info in sorted(infos.items())
    }


def read_graph(folder: Path) -> saved_model_pb2.SavedModel:
    """The SavedModel's `saved_model.pb`.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / "saved_model.pb"
    try:
        model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    except DecodeError as error:
        raise InputError(f"{path}: expected a SavedModel. Received: {error}.") from error
    if not model.meta_graphs:
        raise InputError(f"{path}: expected a SavedModel. Received: a file without a graph.")
    return model


def signature_defaults(folder: Path) -> dict[str, dict[str, tf.Tensor]]:
    """Signature -> what its inputs are that a request leaves out.

    TensorFlow Serving fills them in over gRPC; a restored signature does not.

    Raises:
        InputError: the SavedModel is damaged.
    """
    definitions = read_graph(folder).meta_graphs[0].signature_def
    return {
        name: {
            alias: tf.constant(tf.make_ndarray(proto), tf.as_dtype(proto.dtype))
            for alias, proto in definition.defaults.items()
        }
        for name, definition in definitions.items()
    }


def signature_failures(model: saved_model_pb2.SavedModel, expected: dict) -> list[str]:
    """Where the signatures are not those expected, in words."""
    there = found(model)
    failures = [f"signature {name}: missing" for name in expected if name not in there]
    for name in sorted(there.keys() & expected.keys()):
        for side, wanted, got in zip(
            ("inputs", "outputs"), expected[name], there[name], strict=True
        ):
            if wanted != got:
                failures.append(f"signature {name}: expected {side} {wanted}, got {got}")
    return failures


def compiled_functions(model: saved_model_pb2.SavedModel) -> list[str]:
    """Functions that ask for XLA, which TensorFlow Serving refuses unless a flag is set."""
    return sorted(
        function.signature.name
        for function in model.meta_graphs[0].graph_def.library.function
        if function.attr["_XlaMustCompile"].b
    )
