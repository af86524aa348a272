"""What is said of a LiteRT file: size, latency, agreement, NDCG, and a loss that is too much.

After row i the successor encoder scores row i + 1 with 100 and row j with -j (conftest); the
untrained SASRec has the same items.
"""

import numpy as np
import pytest

from export.artifact.documents import Sidecar
from export.litert.report import LENGTHS, latencies, lite_report, parity
from export.litert.runner import lite_asker
from export.litert.samples import Asked, Samples

# The first four after 11 are 22, 33, 44, 55; after 33 they are 44, 11, 22, 55.
COMPARED = [[11], [11], [33], [33]]
TARGETS = [22, 33, 22, 99]
NDCG = (1 + 1 / np.log2(3) + 1 / np.log2(4)) / 4


@pytest.fixture
def successor(lite):
    return (lite["int64"] / "model.tflite").read_bytes()


@pytest.fixture
def other(models):
    return (models / "seqrec-lite/1/model.tflite").read_bytes()


@pytest.fixture
def sidecar(lite):
    return Sidecar.read(lite["int64"] / "model.json")


def samples(targets=TARGETS) -> Samples:
    asked = list(map(Asked, COMPARED))
    return Samples(asked, asked, targets, "four histories")


def test_a_file_agrees_with_itself(successor, sidecar):
    found = parity(successor, successor, sidecar, samples())
    ndcg = {"float32": round(NDCG, 5), "quantized": round(NDCG, 5)}
    assert found.to_json() == {
        "histories": "four histories",
        "cutoff": 4,
        "agreement": 1,
        "ndcg": {**ndcg, "change": 0, "standard_error": 0},
    }


def test_agreement_and_ndcg_of_another_file(successor, other, sidecar):
    found = parity(other, successor, sidecar, samples())
    answers = _tops(other, sidecar)
    wanted = {11: {22, 33, 44, 55}, 33: {44, 11, 22, 55}}
    shares = [len(wanted[h[0]] & set(ids)) / 4 for h, ids in zip(COMPARED, answers, strict=True)]
    gains = [
        1 / np.log2(2 + ids.index(target)) if target in ids else 0
        for ids, target in zip(answers, TARGETS, strict=True)
    ]
    assert np.mean(shares) < 1 and found.agreement == np.mean(shares)
    assert found.ndcg.quantized == pytest.approx(np.mean(gains), abs=1e-5)
    assert found.ndcg.change == pytest.approx(np.mean(gains) / NDCG - 1, abs=1e-4)


def _tops(content, sidecar) -> list[list]:
    return [ids for ids, _ in lite_asker(content, sidecar)(COMPARED)]


def test_without_targets_there_is_no_ndcg(successor, sidecar):
    assert parity(successor, successor, sidecar, samples(targets=None)).ndcg is None


def test_latencies_by_threads_and_length(successor, sidecar):
    found = latencies(successor, sidecar, repeats=1)
    assert list(found) == ["1", "2"]
    assert all(list(ms) == [str(length) for length in LENGTHS] for ms in found.values())
    assert all(0 < value < 1000 for ms in found.values() for value in ms.values())


def test_a_file_that_is_not_quantised_is_measured_but_not_compared(successor, sidecar):
    report = lite_report(successor, successor, sidecar, None)
    assert (report.parity, report.warnings, report.bytes) == (None, [], len(successor))
