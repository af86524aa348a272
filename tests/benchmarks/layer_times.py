"""Layers of `seqrec_tf.models` against their Keras counterparts: forward and backward, in turn.

    python tests/benchmarks/layer_times.py

Prints a JSON line a layer with median milliseconds of both and their ratio, for a batch of 128
histories of 200 items and 64 features.
"""

import json
import statistics
import time

BATCH, LENGTH, DIM, ITEMS = 128, 200, 64, 3417


def main() -> None:
    """Time every pair."""
    import keras
    import tensorflow as tf

    from seqrec_tf.models.dropout import Dropout
    from seqrec_tf.models.layers import LayerNormalization, lookup
    from seqrec_tf.models.transformer import TransformerBlock

    hidden = tf.random.normal([BATCH, LENGTH, DIM])
    scores = tf.random.normal([BATCH, LENGTH, LENGTH])
    rows = tf.random.uniform([BATCH, LENGTH], maxval=ITEMS, dtype=tf.int32)
    table = tf.random.normal([ITEMS, DIM])
    dense = lambda values: lookup(values, rows)  # noqa: E731
    gathered = lambda values: tf.gather(values, rows)  # noqa: E731
    compare("dropout of attention scores", scores, Dropout(0.2), keras.layers.Dropout(0.2))
    compare("layer normalisation", hidden, LayerNormalization(), keras.layers.LayerNormalization())
    compare("embedding lookup and dense gradient", table, dense, gathered)
    compare("transformer block", hidden, TransformerBlock(DIM, 1, 0.2), hub_block())


def hub_block():
    """keras-hub's block with the same settings."""
    import keras_hub

    return keras_hub.layers.TransformerDecoder(
        DIM, 1, dropout=0.2, activation="relu", normalize_first=True
    )


def compare(name: str, inputs, own, other) -> None:
    """Median milliseconds of both, alternating."""
    steps = {"seqrec_tf": gradient_step(own), "keras": gradient_step(other)}
    times = {label: [] for label in steps}
    for step in steps.values():
        step(inputs)
    for _ in range(9):
        for label, step in steps.items():
            start = time.perf_counter()
            step(inputs).numpy()
            times[label].append(time.perf_counter() - start)
    medians = {label: round(1e3 * statistics.median(row), 1) for label, row in times.items()}
    ratio = round(medians["keras"] / medians["seqrec_tf"], 2)
    print(json.dumps({"layer": name, "ms": medians, "ratio": ratio}), flush=True)


def gradient_step(layer):
    """A graph of the layer and its gradient, dense."""
    import keras
    import tensorflow as tf

    options = {"training": True} if isinstance(layer, keras.layers.Layer) else {}
    if "LayerNorm" in type(layer).__name__:
        options = {}

    @tf.function
    def step(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = tf.reduce_sum(tf.square(layer(inputs, **options)))
        return tf.convert_to_tensor(tape.gradient(outputs, inputs))

    return step


if __name__ == "__main__":
    main()
