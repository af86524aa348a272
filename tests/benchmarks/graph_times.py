"""What one request to the exported graph costs, beside its encoder and the keras.io way.

    python tests/benchmarks/graph_times.py runs/ml1m

Exports the run, then asks for one history of 50 items again and again, in turn: the SavedModel's
`serving_default`, the bare encoder as a graph, and `keras.Model.predict` with a top-k in NumPy, as
the keras.io example does. Prints the median milliseconds, and their ratios, as JSON.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.exporter import export_run
from export.options import ExportOptions
from seqrec_tf.runs.directory import read_run

LENGTH, K = 50, 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--requests", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = read_run(arguments.run)
        (version,) = export_run(run, ExportOptions(output=Path(folder)))
        ways = ways_to_ask(run, version)
        times = {name: [] for name in ways}
        for number in range(arguments.requests + 10):
            for name, ask in ways.items():
                if name == "keras predict" and number % 10:
                    continue  # it is slow, and thirty will do
                started = time.perf_counter()
                ask()
                if number >= 10:
                    times[name].append(1000 * (time.perf_counter() - started))
    medians = {name: statistics.median(values) for name, values in times.items()}
    graph = medians["graph"]
    ratios = {name: round(value / graph, 3) for name, value in medians.items()}
    print(json.dumps({"milliseconds": medians, "over the graph": ratios}, indent=2))


def ways_to_ask(run, version: Path) -> dict:
    """Name -> a function that answers the same history."""
    rows = np.random.default_rng(0).choice(run.catalogue.size, (1, LENGTH), False) + 1
    ids = tf.constant(run.catalogue.ids[rows - 1])
    model = tf.saved_model.load(str(version))
    serve = model.signatures["serving_default"]
    histories = tf.RaggedTensor.from_tensor(tf.constant(rows, tf.int32))
    spec = tf.RaggedTensorSpec([None, None], tf.int32)
    encode = tf.function(run.encoder.encode, input_signature=[spec])
    table = np.asarray(run.encoder.item_table())

    def predict():
        vector = run.encoder.predict(rows, verbose=0)[0, -1]
        return np.argsort(-(table @ vector))[:K]

    name = run.catalogue.id_name
    return {
        "graph": lambda: serve(**{name: ids})["scores"].numpy(),
        "encoder": lambda: encode(histories).numpy(),
        "keras predict": predict,
    }


if __name__ == "__main__":
    main()
