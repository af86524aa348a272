"""Prove staged artifacts against their golden requests, in a process that never saw the model.

    python -m export.proof STAGING

reads `STAGING/golden_requests.json`, answers every request with every signature of
`STAGING/savedmodel` and with `STAGING/lite/model.tflite` (those that exist), prints a JSON report
and exits with 1 if any answer differs. The exporter runs it before it publishes anything.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from export.approximate import ApproximateJudge
from export.compare import TOLERANCE, array_differences, differences, largest_difference
from export.contract import compiled_functions, promised, read_graph, signature_failures
from export.lite_modes import MODES
from export.lite_runner import lite_answers
from export.ops import foreign_ops, op_counts

# A batch of histories (lists of raw ids) -> one (ids, scores) a history.
Answers = Callable[[list[list]], list[tuple[list, list[float]]]]
# History, expected answer, ids, scores -> what is wrong, in words.
Judge = Callable[[list, dict, list, list[float]], list[str]]


def prove(staging: Path) -> dict:
    """Check everything staged.

    Returns:
        `{"tolerance", "forms": {form: {"requests", "largest_difference"}}, "failures": [...]}`;
        the proof holds if `failures` is empty. The form of a quantised LiteRT file also has the
        `tolerance` of its mode and its `agreement` (`export.lite_modes`).
    """
    golden = json.loads((staging / "golden_requests.json").read_text(encoding="utf-8"))
    report = {"tolerance": TOLERANCE, "forms": {}, "failures": []}
    for artifact, check in (("savedmodel", _check_savedmodel), ("lite", _check_lite)):
        if (staging / artifact).exists():
            try:
                check(staging / artifact, golden, report)
            except Exception as error:  # any failure of an artifact is a finding, not a crash
                report["failures"].append(f"{artifact}: {error}")
    return report


def _check_savedmodel(folder: Path, golden: dict, report: dict) -> None:
    from export.signature_runner import signature_answers

    report["failures"] += [f"savedmodel: {failure}" for failure in graph_failures(folder, golden)]
    forms = signature_answers(folder, golden["id_name"], golden["text_separator"])
    for form, answers in forms:
        _compare_form(form, answers, golden, report)
    _check_calls(folder, golden, report)
    _check_warmup(folder, report)


def graph_failures(folder: Path, golden: dict) -> list[str]:
    """What TensorFlow Serving or a client would find wrong with the graph, without running it."""
    model = read_graph(folder)
    contract = promised(*(golden[key] for key in ("id_name", "id_type", "k", "dim")))
    foreign = foreign_ops(set(op_counts(model)), golden["own_encoder"])
    return [
        *signature_failures(model, contract),
        *(f"op {op} is not allowed" for op in sorted(foreign)),
        *(f"function {name} has jit_compile" for name in compiled_functions(model)),
    ]


def _check_warmup(folder: Path, report: dict) -> None:
    """Every warm-up record, answered: one that fails would keep the version from loading."""
    from export.signature_runner import signature_caller
    from export.warmup import NAME, read_warmup

    path = folder / "assets.extra" / NAME
    if not path.is_file():
        return
    call = signature_caller(folder)
    number = 0
    for number, (signature, inputs) in enumerate(read_warmup(path), start=1):
        try:
            call(signature, inputs)
        except Exception as error:
            report["failures"].append(f"warm-up record {number}, {signature}: {error}")
    report["warmup_records"] = number


def _check_calls(folder: Path, golden: dict, report: dict) -> None:
    """The calls of single signatures; an input that is left out takes its default."""
    from export.signature_runner import signature_caller

    call = signature_caller(folder)
    for request in golden["calls"]:
        where, form = request["name"], request["signature"]
        try:
            outputs = call(form, request["inputs"])
        except Exception as error:
            report["failures"].append(f"{where}: {error}")
            continue
        entry = report["forms"].setdefault(form, {"requests": 0, "largest_difference": 0.0})
        entry["requests"] += 1
        if "outputs" in request:
            pairs = {n: (wanted, outputs[n]) for n, wanted in request["outputs"].items()}
            found = [f"{n}: {d}" for n, pair in pairs.items() for d in array_differences(*pair)]
        else:
            rows = zip(
                request["answers"], outputs[golden["id_name"]], outputs["scores"], strict=True
            )
            found = [
                d for expected, ids, scores in rows for d in differences(expected, ids, scores)
            ]
        report["failures"] += [f"{where}: {difference}" for difference in found]


def _check_lite(folder: Path, golden: dict, report: dict) -> None:
    sidecar = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    answers, mode = lite_answers(folder), MODES[sidecar["quantization"]]
    if not mode:
        _compare_form("litert", answers, golden, report)
        return
    known = set(sidecar["items"]["ids"])
    judge = ApproximateJudge(mode, known.difference(golden["withheld"]), known)
    _compare_form("litert", answers, golden, report, judge)
    report["failures"] += [f"litert: {failure}" for failure in judge.failures()]
    report["forms"]["litert"] |= {"tolerance": mode.tolerance, "agreement": judge.agreement}


def _exactly(history: list, expected: dict, ids: list, scores: list[float]) -> list[str]:
    return differences(expected, ids, scores)


def _compare_form(
    form: str, answers: Answers, golden: dict, report: dict, judge: Judge = _exactly
) -> None:
    largest = 0.0
    for request in golden["requests"]:
        try:
            answered = answers(request["histories"])
        except Exception as error:
            report["failures"].append(f"{form}, {request['name']}: {error}")
            continue
        sizes = [len(ids) for ids, _ in answered]
        if sizes != [golden["k"]] * len(request["answers"]):
            wanted = f"{len(request['answers'])} answers of {golden['k']} ids"
            report["failures"].append(
                f"{form}, {request['name']}: expected {wanted}, got sizes {sizes}"
            )
            continue
        for number, expected in enumerate(request["answers"]):
            history, (ids, scores) = request["histories"][number], answered[number]
            where = f"{form}, {request['name']}, history {number}"
            report["failures"] += [f"{where}: {d}" for d in judge(history, expected, ids, scores)]
            largest = max(largest, largest_difference(expected, scores))
    report["forms"][form] = {
        "requests": len(golden["requests"]),
        "largest_difference": largest,
    }


def main() -> None:
    """Entry point of `python -m export.proof`."""
    report = prove(Path(sys.argv[1]))
    json.dump(report, sys.stdout)
    sys.exit(1 if report["failures"] else 0)


if __name__ == "__main__":
    main()
