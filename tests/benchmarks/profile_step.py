"""Where a training step's time goes, by kernel, and how far it is from the machine's limits.

    python tests/benchmarks/profile_step.py --dataset ml-1m --data-dir ml-1m --recipe best-sasrec
    python tests/benchmarks/profile_step.py --interactions log.csv --recipe best-sasrec

Takes any flags of `python -m seqrec_tf.train`, and prints, of the steps after the compiling ones:
the share of padding, seconds and CPU seconds an epoch, arithmetic counted from the shapes against
a large matrix product's rate, and the kernels that took most thread time.
"""

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

STEPS = 60  # measured steps, at most an epoch's


def main() -> None:
    """Measure, then profile."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", type=int, default=15)
    arguments, flags = parser.parse_known_args()
    config, model, data = prepare(flags)
    batches = list(data.batches.take(min(STEPS, data.steps_per_epoch)))
    report_shapes(config, model, batches)
    model.make_train_function()

    def epoch():
        for batch in batches:
            model.train_function(iter([batch]))

    epoch()
    times = min(timed(epoch) for _ in range(3))
    scale = data.steps_per_epoch / len(batches)
    print(f"{times[0] * scale:.1f} s wall-clock, {times[1] * scale:.1f} s CPU an epoch of steps")
    print(f"{matmul_rate():.0f} GFLOP/s in a large float32 matrix product")
    for name, seconds, calls in kernels(epoch)[: arguments.kernels]:
        print(f"{seconds * scale:8.2f} thread s an epoch {calls:7d} calls  {name}")


def prepare(flags: list[str]):
    """The configuration of the flags, a compiled model and its batches."""
    from seqrec_tf.commands.train import _parser
    from seqrec_tf.data.dataset import load_dataset
    from seqrec_tf.options import build_config, given_options
    from seqrec_tf.settings.adaptive import adapted
    from seqrec_tf.training.model import build_model
    from seqrec_tf.training.pipeline import training_data

    config = build_config(given_options(vars(_parser().parse_args(flags))))
    dataset = load_dataset(config.data)
    split, catalogue = dataset.split, dataset.catalogue
    config = adapted(config, catalogue.size, int(catalogue.counts.sum()))
    data = training_data(
        split.training, catalogue.size, config.encoder, config.training, times=split.times
    )
    return config, build_model(config, dataset.catalogue, data.steps_per_epoch), data


def report_shapes(config, model, batches) -> None:
    """Padding, and the arithmetic of a SASRec step counted from the shapes (x 3 for gradients)."""
    sizes = [(*batch[1].shape, int((batch[1].numpy() > 0).sum())) for batch in batches]
    computed = sum(rows * length for rows, length, _ in sizes)
    real = sum(targets for *_, targets in sizes)
    print(f"{real} targets in {len(batches)} steps, padding {1 - real / computed:.1%}")
    if config.encoder.encoder == "sasrec":
        dim, layers, expansion = config.encoder.dim, config.encoder.layers, config.encoder.expansion
        dense = layers * (8 + 4 * expansion) * dim**2 * computed
        attention = layers * 4 * dim * sum(rows * length**2 for rows, length, _ in sizes)
        logits = 2 * dim * model.encoder.items * real
        names = {"dense": dense, "attention": attention, "logits over the catalogue": logits}
        for name, flop in names.items():
            print(f"{3 * flop / 1e9:8.1f} GFLOP {name}, gradients included")


def timed(run) -> tuple[float, float]:
    """Wall-clock and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def matmul_rate() -> float:
    """GFLOP/s of a (2048, 2048) float32 matrix product."""
    import tensorflow as tf

    matrix = tf.random.normal([2048, 2048])
    tf.matmul(matrix, matrix)
    wall, _ = timed(lambda: [tf.matmul(matrix, matrix) for _ in range(10)][-1].numpy())
    return 10 * 2 * 2048**3 / wall / 1e9


def kernels(run) -> list[tuple[str, float, int]]:
    """(kernel, thread seconds, calls), the longest first."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            run()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    seconds, calls = collections.Counter(), collections.Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name.rsplit(":", 1)[-1]
                seconds[name] += event.duration_ps / 1e12
                calls[name] += 1
    return [(name, total, calls[name]) for name, total in seconds.most_common()]


if __name__ == "__main__":
    sys.exit(main())
