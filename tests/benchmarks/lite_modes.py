"""What each mode of `--quantize` costs and gives on a trained run.

    python tests/benchmarks/lite_modes.py runs/ml1m

Converts the run once, quantises the file in every mode and prints a table as Markdown: size, its
share of float32's, the share of float32's top 10 that is in the top 10, NDCG@10 on the whole test
split with its change and the standard error of that, and median milliseconds an answer by threads
and length of the history. The modes take turns in being timed. The last two lines are TensorFlow's
own quantisation of the whole graph.
"""

import argparse
import statistics
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.artifact.changes import change_text
from export.artifact.documents import Sidecar
from export.litert.folder import quantized
from export.litert.graph import convert
from export.litert.modes import MODES
from export.litert.report import LENGTHS, THREADS, latencies, parity
from export.litert.samples import Samples, run_samples
from seqrec_tf.runs.dataset import dataset_of_run
from seqrec_tf.runs.directory import Run, read_run


def main() -> None:
    """Quantise, compare, time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="a finished run on MovieLens")
    parser.add_argument("--rounds", type=int, default=5, help="of timing every mode in turn")
    arguments = parser.parse_args()
    run = read_run(arguments.run)
    items = {"ids": run.catalogue.ids.tolist()}
    sidecar = Sidecar.of({"id_name": run.catalogue.id_name, "speaks": "ids", "items": items})
    samples = run_samples(run, dataset_of_run(run), compared=0)
    float32 = convert(run.encoder, run.catalogue, 10, run.catalogue.id_name)
    files = {f"`{mode}`": quantized(float32, mode, sidecar, samples) for mode in MODES}
    files |= {
        "TensorFlow, dynamic": by_tensorflow(run, samples, integers=False),
        "TensorFlow, integers": by_tensorflow(run, samples, integers=True),
    }
    print(f"{samples.source}; float32 against itself in the first line\n")
    print_sizes(files, sidecar, samples)
    print_latencies(files, sidecar, arguments.rounds)


def by_tensorflow(run: Run, samples: Samples, integers: bool) -> bytes:
    """The converter's quantisation, with the same representative histories."""
    name = run.catalogue.id_name

    def configure(converter: tf.lite.TFLiteConverter) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if integers:
            converter.representative_dataset = lambda: (
                {name: np.array(asked.ids, np.int32)} for asked in samples.representative
            )

    return convert(run.encoder, run.catalogue, 10, name, configure)


def print_sizes(files: dict[str, bytes], sidecar: Sidecar, samples: Samples) -> None:
    """A line a mode: what the file weighs and how near to float32 it answers."""
    print("| mode | bytes | of float32 | agreement | NDCG@10 | change | standard error |")
    print("|---|---|---|---|---|---|---|")
    float32 = files["`none`"]
    for mode, content in files.items():
        found = parity(content, float32, sidecar, samples)
        ndcg, share = found.ndcg, len(content) / len(float32)
        print(
            f"| {mode} | {len(content):,} | {share:.3f} | {found.agreement:.4f} "
            f"| {ndcg.quantized:.4f} | {change_text(ndcg.change)} "
            f"| {ndcg.standard_error or 0:.2%} |",
            flush=True,
        )


def print_latencies(files: dict[str, bytes], sidecar: Sidecar, rounds: int) -> None:
    """A line a mode: medians of the rounds' medians, in milliseconds."""
    columns = [(str(threads), str(length)) for threads in THREADS for length in LENGTHS]
    rounds_ms = {mode: [] for mode in files}
    for _ in range(rounds):
        for mode, content in files.items():
            rounds_ms[mode].append(latencies(content, sidecar))
    print(f"\n| mode | {' | '.join(f'{n}, {t} th.' for t, n in columns)} |")
    print("|---" * (1 + len(columns)) + "|")
    for mode, found in rounds_ms.items():
        cells = [statistics.median(each[t][n] for each in found) for t, n in columns]
        print(f"| {mode} | {' | '.join(f'{ms:.2f}' for ms in cells)} |")


if __name__ == "__main__":
    main()
