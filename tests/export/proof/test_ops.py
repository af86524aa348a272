"""The op allow-list: every exported graph is within it, and Python in a graph is found."""

import pytest
import tensorflow as tf

from export.proof.contract import read_graph
from export.proof.ops import ALLOWED_OPS, op_counts


def graph_ops(folder) -> set[str]:
    return set(op_counts(read_graph(folder)))


@pytest.mark.parametrize("kind", ["int64", "string"])
def test_a_gru4rec_uses_allowed_ops_only(saved, kind):
    assert graph_ops(saved[kind].folder) - ALLOWED_OPS == set()


def test_a_sasrec_with_int64_ids_uses_allowed_ops_only(models):
    assert graph_ops(models / "seqrec/1") - ALLOWED_OPS == set()


def test_a_sasrec_with_string_ids_uses_allowed_ops_only(build, tmp_path):
    folder = build.saved_model(tmp_path / "m", build.random_encoder(1), build.catalogue("string"))
    assert graph_ops(folder) - ALLOWED_OPS == set()


def test_ops_of_the_graph_are_found_wherever_they_stand(saved):
    found = graph_ops(saved["string"].folder)
    # In the graph itself, in a signature's function, and in the function that loads the table.
    assert {"VarHandleOp", "TopKV2", "TensorScatterUpdate", "LookupTableImportV2"} <= found


@pytest.mark.parametrize(
    "function, op",
    [
        (lambda x: tf.py_function(abs, [x], tf.float32), "EagerPyFunc"),
        (lambda x: tf.numpy_function(abs, [x], tf.float32), "PyFunc"),
        (tf.sin, "Sin"),
    ],
)
def test_a_foreign_op_is_found(tmp_path, function, op):
    module = tf.Module()
    module.call = tf.function(function, input_signature=[tf.TensorSpec([None], tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "model"))
    assert op in graph_ops(tmp_path / "model") - ALLOWED_OPS
