"""Finish a LiteRT folder: quantise the file, measure it, say so in the sidecar and the card."""

import sys
from pathlib import Path

import numpy as np

from export.artifact.documents import LiteReport, Sidecar
from export.artifact.version import GRAPHS, LITE, SIDECAR
from export.litert.calibration import activation_ranges
from export.litert.quantization import quantize
from export.litert.report import LENGTHS, lite_report, parity_text
from export.litert.runner import id_maps, time_inputs
from export.litert.samples import Samples

CARD = """
## On a phone

`model.tflite`, quantisation {quantization}: {bytes:,} bytes, {share:.1%} of float32.{parity}

Median milliseconds an answer, on the machine that exported it, by length of the history:

| threads | {lengths} |
|{columns}
{rows}
"""


def finish_lite(folder: Path, mode: str, samples: Samples | None) -> LiteReport:
    """Quantise a float32 file in place, and report on it (`export.litert.report`).

    Warnings go to stderr, too.

    Args:
        folder: holds `model.tflite` and its sidecar.
        mode: of `export.litert.modes`.
        samples: for which it is quantised and on which it is compared; None for `none`.
    """
    path, side = folder / GRAPHS[LITE], folder / SIDECAR
    float32, sidecar = path.read_bytes(), Sidecar.read(side)
    content = quantized(float32, mode, sidecar, samples)
    sidecar = sidecar.replaced(quantization=mode, bytes=len(content))
    report = lite_report(content, float32, sidecar, samples)
    for warning in report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    path.write_bytes(content)
    sidecar.replaced(report=report).write(side)
    return report


def quantized(float32: bytes, mode: str, sidecar: Sidecar, samples: Samples | None) -> bytes:
    """A float32 file in another mode.

    Args:
        float32: the file.
        mode: of `export.litert.modes`.
        sidecar: its sidecar.
        samples: for which it is quantised; None for `none`.
    """
    if mode == "none":
        return float32
    rows, ranges = len(sidecar.items.ids) + 1, None
    if mode == "int8" and samples is not None:
        to_spoken, _ = id_maps(sidecar)
        requests = [
            {sidecar.id_name: np.array([to_spoken(raw) for raw in each.ids], np.int32)}
            | time_inputs(sidecar, each.timestamps, each.now)
            for each in samples.representative
        ]
        ranges = activation_ranges(float32, rows, requests)
    return quantize(float32, mode, rows, ranges)


def append_card(folder: Path) -> None:
    """Add the report to the model card, `README.md`, of a folder that `finish_lite` finished."""
    report = Sidecar.read(folder / SIDECAR).finished_report
    latency = {threads: list(ms.values()) for threads, ms in report.latency_ms.items()}
    section = CARD.format(
        quantization=report.quantization,
        bytes=report.bytes,
        share=report.bytes / report.float32_bytes,
        parity=f" {parity_text(report.parity)}." if report.parity else "",
        lengths=" | ".join(map(str, LENGTHS)),
        columns="---|" * (1 + len(LENGTHS)),
        rows="\n".join(f"| {n} | {' | '.join(map(str, ms))} |" for n, ms in latency.items()),
    )
    loud = "".join(f"\n**Warning: {warning}.**\n" for warning in report.warnings)
    with (folder / "README.md").open("a", encoding="utf-8") as card:
        card.write(section + loud)
