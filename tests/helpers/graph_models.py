"""SavedModels that are hard on a server: of TensorFlow 1, and with outputs that do harm."""

from pathlib import Path

import tensorflow as tf

v1 = tf.compat.v1


def save_old_graph(path: Path) -> None:
    """A graph of TensorFlow 1 with good signatures beside broken ones."""
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None], name="x")
        i = v1.placeholder(tf.int64, [None], name="i")
        training = v1.placeholder(tf.bool, [], name="is_training")
        any_shape = v1.placeholder(tf.float32, name="any_shape")
        sparse = v1.sparse_placeholder(tf.float32, [None, None], name="sparse")
        factor = v1.get_variable("factor", initializer=2.0, use_resource=False)
        y = tf.multiply(x, factor, name="y")
        rate = v1.placeholder_with_default(1.0, [], name="rate")
        with tf.control_dependencies([v1.assert_less(x, 100.0, message="too large")]):
            checked = tf.identity(x, name="checked")
        session.run(v1.global_variables_initializer())
        signatures = {
            "serving_default": _signature({"x": x}, {"y": y}),
            "pick": _signature({"i": i}, {"item": tf.gather([10, 20, 30], i, name="pick")}),
            "checked": _signature({"x": x}, {"y": checked}),
            "unfed": _signature({"x": x}, {"y": tf.cond(training, lambda: y * 3.0, lambda: y)}),
            "unfed_shape": _signature({"x": x}, {"y": y + any_shape}),
            "some_unfed": _signature({"x": x}, {"y": y, "bad": any_shape}),
            "default": _signature({"x": x}, {"y": y * rate}),
            "fed_default": _signature({"x": x, "rate": rate}, {"y": y * rate}),
            "fed_inside": _signature({"y": y}, {"z": y + 1.0}),
            "twice_in": _signature({"x": x, "again": x}, {"y": y}),
            "twice_out": _signature({"x": x}, {"y": y, "again": y}),
            "through": _signature({"x": x}, {"x": x}),
            "variable": _signature({"x": x}, {"factor": factor}),
            "no_inputs": _signature({}, {"one": tf.constant([1], name="one")}),
            "sparse_in": _signature({"s": sparse}, {"d": tf.sparse.to_dense(sparse)}),
            "sparse_out": _signature({"x": x}, {"y": y, "s": tf.sparse.from_dense(x)}),
            "no_output": _signature({"x": x}, {"y": y}),
            "some_missing": _signature({"x": x}, {"y": y, "gone": y}),
            "no_place": _signature({"x": x}, {"y": y}),
            "no_input": _signature({"x": x}, {"y": y}),
            "no_name": _signature({"x": x}, {"y": y}),
        }
        signatures["no_output"].outputs["y"].name = "nowhere:0"
        signatures["some_missing"].outputs["gone"].name = "nowhere:0"
        signatures["no_place"].outputs["y"].name = "y:7"
        signatures["no_input"].inputs["x"].name = "nowhere:0"
        signatures["no_name"].outputs["y"].name = ""
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
        builder.save()


def _signature(inputs: dict, outputs: dict):
    described = [
        {alias: v1.saved_model.build_tensor_info(tensor) for alias, tensor in tensors.items()}
        for tensors in (inputs, outputs)
    ]
    return v1.saved_model.build_signature_def(*described, "tensorflow/serving/predict")


def save_harmful(path: Path) -> tf.Module:
    """A function whose outputs, but for `y`, `found` and `counted`, do harm for x = [3, ...]."""
    module = tf.Module()
    module.table = tf.Variable([0.0, 1.0, 2.0, 3.0])
    module.runs = tf.Variable(0)
    keys = tf.lookup.KeyValueTensorInitializer([3], tf.constant([30], tf.int64), tf.int64)
    module.words = tf.lookup.StaticHashTable(keys, -1)

    def count(limit):
        (counted,) = tf.while_loop(
            lambda i: i < limit, lambda i: [i + 1], [tf.constant(0, tf.int64)]
        )
        return counted[tf.newaxis]

    def harmful(x):
        module.runs.assign_add(1)
        with tf.control_dependencies([tf.debugging.Assert(x[0] < 0, ["it fails"])]):
            asserted = tf.identity(x)
        return {
            "y": tf.gather(module.table, x),
            "found": module.words.lookup(x),
            "counted": count(x[0]),
            "asserted": asserted,
            "gathered": tf.gather([1.0], x + tf.cast(module.runs, tf.int64)),
            "ragged": tf.RaggedTensor.from_row_lengths(x, [tf.size(x)]),
            "sparse": tf.sparse.from_dense(x),
            "slow": count(x[0] * 10**12),
            "huge": tf.fill([x[0] * 10**11], 0.0),
        }

    numbers = tf.TensorSpec([None], tf.int64, name="x")
    examples = tf.TensorSpec([None], tf.string, name="inputs")

    def classify(inputs):
        scores = tf.zeros([tf.size(inputs), 1])
        with tf.control_dependencies([tf.debugging.Assert(False, ["it fails"])]):
            return {"scores": scores, "more": tf.identity(scores)}

    signatures = {
        "serving_default": tf.function(harmful, input_signature=[numbers]),
        "classify": tf.function(classify, input_signature=[examples]),
    }
    tf.saved_model.save(module, str(path), signatures=signatures)
    return module
