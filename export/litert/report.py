"""What a LiteRT file costs, and how near a quantised one comes to float32."""

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from export.artifact.changes import change_text, relative
from export.artifact.documents import LiteReport, Ndcg, Parity, Sidecar
from export.litert.runner import FILLERS, lite_asker, lite_function, time_inputs
from export.litert.samples import Asked, Samples

LENGTHS = (1, 10, 50, 200)
THREADS = (1, 2)
REPEATS = 20
CUTOFF = 10
LOSS = 0.01  # of NDCG; a mode that loses more says so loudly


def lite_report(
    content: bytes, float32: bytes, sidecar: Sidecar, samples: Samples | None
) -> LiteReport:
    """Size, latency and parity of a file.

    Args:
        content: the file.
        float32: the file before it was quantised.
        sidecar: its sidecar.
        samples: on which both are compared; None if the file is not quantised.
    """
    mode = sidecar.quantization
    found = parity(content, float32, sidecar, samples) if samples else None
    return LiteReport(
        quantization=mode,
        bytes=len(content),
        float32_bytes=len(float32),
        latency_ms=latencies(content, sidecar),
        parity=found,
        warnings=[*_losses(mode, found), *(samples.warnings if samples else ())],
    )


def latencies(
    content: bytes, sidecar: Sidecar, repeats: int = REPEATS
) -> dict[str, dict[str, float]]:
    """Median milliseconds an answer takes: number of threads -> length of the history -> ms."""
    generator = np.random.default_rng(0)
    ids = sidecar.items.ids
    spoken = ids if sidecar.speaks == "ids" else range(1, len(ids) + 1)

    def drawn(length: int) -> np.ndarray:
        return generator.choice(spoken, length).astype(np.int32)

    found = {}
    for threads in THREADS:
        run = lite_function(content, threads)
        found[str(threads)] = {
            str(length): _median_ms(
                run, {sidecar.id_name: drawn(length)} | time_inputs(sidecar), repeats
            )
            for length in LENGTHS
        }
    return found


def _median_ms(run: Callable[..., object], inputs: dict, repeats: int) -> float:
    times = []
    for _ in range(3 + repeats):
        start = time.perf_counter()
        run(**inputs)
        times.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(times[3:]), 3)  # the first ones allocate


def parity(content: bytes, float32: bytes, sidecar: Sidecar, samples: Samples) -> Parity:
    """How near a quantised file's answers are to float32's.

    Args:
        content: the file.
        float32: the file before it was quantised.
        sidecar: its sidecar.
        samples: on which both are compared.
    """
    answers = [_recommended(each, sidecar, samples.compared) for each in (float32, content)]
    cutoff = min(CUTOFF, len(answers[0][0]))
    wanted, found = ([_items(ids[:cutoff]) for ids in each] for each in answers)
    shares = [len(set(a) & set(b)) / len(a) for a, b in zip(wanted, found, strict=True) if a]
    ndcg = None
    if samples.targets is not None:
        ndcg = _ndcg(_gains(wanted, samples.targets), _gains(found, samples.targets))
    return Parity(
        histories=samples.source,
        cutoff=cutoff,
        agreement=round(float(np.mean(shares)), 4) if shares else 1.0,
        ndcg=ndcg,
    )


def _recommended(content: bytes, sidecar: Sidecar, asked: list[Asked]) -> list[list]:
    """The k ids of each history's answer, asked on all cores."""
    workers = os.cpu_count() or 1
    answers: list[Any] = [None] * len(asked)
    parts = [slice(number, None, workers) for number in range(workers)]
    columns = [list(column) for column in zip(*asked, strict=True)]
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(
            lambda part: lite_asker(content, sidecar)(*(column[part] for column in columns)), parts
        )
        for part, answered in zip(parts, found, strict=True):
            answers[part] = answered
    return [ids for ids, _ in answers]


def _items(ids: list) -> list:
    return [raw for raw in ids if raw not in FILLERS]


def _gains(answers: list[list], targets: list) -> np.ndarray:
    """1 / log2(rank + 2) of each target; 0 where it is not among the answer's items."""
    return np.array(
        [
            1 / np.log2(ids.index(target) + 2) if target in ids else 0.0
            for ids, target in zip(answers, targets, strict=True)
        ]
    )


def _ndcg(wanted: np.ndarray, found: np.ndarray) -> Ndcg:
    before, gained = wanted.mean(), found - wanted
    return Ndcg(
        float32=round(float(before), 5),
        quantized=round(float(found.mean()), 5),
        change=relative(gained.mean(), before),
        standard_error=relative(gained.std() / np.sqrt(len(gained)), before),
    )


def _losses(mode: str, found: Parity | None) -> list[str]:
    if found is None or found.ndcg is None:
        return []
    ndcg = found.ndcg
    if ndcg.change is None or -ndcg.change <= LOSS:
        return []
    return [
        f"{mode} loses {-ndcg.change:.1%} of NDCG@{found.cutoff}: {ndcg.float32:.4f} in "
        f"float32, {ndcg.quantized:.4f} here ({found.histories})"
    ]


def _error_text(error: float | None) -> str:
    return "" if error is None else f", standard error {error:.2%}"


def parity_text(found: Parity) -> str:
    """What `parity` found, as one sentence without a full stop."""
    text = f"{found.agreement:.1%} of float32's top {found.cutoff} are in its top"
    if ndcg := found.ndcg:
        text += (
            f", NDCG@{found.cutoff} {ndcg.quantized:.4f} instead of {ndcg.float32:.4f} "
            f"({change_text(ndcg.change)}{_error_text(ndcg.standard_error)})"
        )
    return f"{text}, on {found.histories}"
