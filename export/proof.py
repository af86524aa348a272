"""Prove staged artifacts against their golden requests, in a process that never saw the model.

    python -m export.proof STAGING

reads `STAGING/golden_requests.json`, answers every request with every signature of
`STAGING/savedmodel` and with `STAGING/lite/model.tflite` (those that exist), prints a JSON report
and exits with 1 if any answer differs. The exporter runs it before it publishes anything.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from export.compare import TOLERANCE, differences, largest_difference
from export.lite_runner import lite_answers
from export.ops import ALLOWED_OPS, graph_ops

# A batch of histories (lists of raw ids) -> one (ids, scores) a history.
Answers = Callable[[list[list]], list[tuple[list, list[float]]]]


def prove(staging: Path) -> dict:
    """Check everything staged.

    Returns:
        `{"tolerance", "forms": {form: {"requests", "largest_difference"}}, "failures": [...]}`;
        the proof holds if `failures` is empty.
    """
    golden = json.loads((staging / "golden_requests.json").read_text(encoding="utf-8"))
    report = {"tolerance": TOLERANCE, "forms": {}, "failures": []}
    if (staging / "savedmodel").exists():
        foreign = graph_ops(staging / "savedmodel") - ALLOWED_OPS
        report["failures"] += [f"savedmodel: op {op} is not allowed" for op in sorted(foreign)]
    for form, answers in _forms(staging, golden):
        _compare_form(form, answers, golden, report)
    return report


def _compare_form(form: str, answers: Answers, golden: dict, report: dict) -> None:
    largest = 0.0
    for request in golden["requests"]:
        try:
            answered = answers(request["histories"])
        except Exception as error:  # any failure of an artifact is a finding, not a crash
            report["failures"].append(f"{form}, {request['name']}: {error}")
            continue
        for number, expected in enumerate(request["answers"]):
            ids, scores = answered[number]
            where = f"{form}, {request['name']}, history {number}"
            report["failures"] += [f"{where}: {d}" for d in differences(expected, ids, scores)]
            largest = max(largest, largest_difference(expected, scores))
    report["forms"][form] = {
        "requests": len(golden["requests"]),
        "largest_difference": largest,
    }


def _forms(staging: Path, golden: dict) -> Iterator[tuple[str, Answers]]:
    if (staging / "savedmodel").exists():
        from export.signature_runner import signature_answers

        yield from signature_answers(staging / "savedmodel", golden["id_name"])
    if (staging / "lite").exists():
        yield "litert", lite_answers(staging / "lite")


def main() -> None:
    """Entry point of `python -m export.proof`."""
    report = prove(Path(sys.argv[1]))
    json.dump(report, sys.stdout)
    sys.exit(1 if report["failures"] else 0)


if __name__ == "__main__":
    main()
