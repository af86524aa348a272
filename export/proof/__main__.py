"""Prove artifacts against their golden requests, in a process that never saw the model.

    python -m export.proof FOLDER...

reads each folder's `golden_requests.json`, answers every request with every signature of a
SavedModel or with a LiteRT file, prints a JSON report and exits with 1 if any answer differs. The
exporter runs it before it publishes anything.
"""

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path

from export.artifact.version import GOLDEN, GRAPHS, LITE, SAVEDMODEL, extra_folder
from export.litert.modes import MODES
from export.litert.runner import lite_answers
from export.proof.approximate import ApproximateJudge
from export.proof.exact import TOLERANCE, array_differences, differences, largest_difference
from export.proof.ops import foreign_ops, op_counts
from export.proof.ties import read_ties

# A batch of histories (lists of raw ids) -> one (ids, scores) a history.
Answers = Callable[[list[list]], list[tuple[list, list[float]]]]
# History, expected answer, ids, scores -> what is wrong, in words.
Judge = Callable[[list, dict, list, list[float]], list[str]]


def prove(folders: list[Path]) -> dict:
    """Check artifacts.

    Args:
        folders: SavedModel and LiteRT folders, each with its golden requests.

    Returns:
        `{"tolerance", "forms": {form: {"requests", "largest_difference"}}, "failures": [...]}`;
        the proof holds if `failures` is empty. The form of a quantised LiteRT file also has the
        `tolerance` of its mode and its `agreement` (`export.litert.modes`).
    """
    report = {"tolerance": TOLERANCE, "forms": {}, "failures": []}
    for folder in folders:
        kind = SAVEDMODEL if (folder / GRAPHS[SAVEDMODEL]).exists() else LITE
        try:
            path = extra_folder(folder, kind) / GOLDEN
            golden = read_ties(json.loads(path.read_text(encoding="utf-8")))
            {SAVEDMODEL: _check_savedmodel, LITE: _check_lite}[kind](folder, golden, report)
        except Exception as error:  # any failure of an artifact is a finding, not a crash
            report["failures"].append(f"{kind}: {error}")
    return report


def _check_savedmodel(folder: Path, golden: dict, report: dict) -> None:
    from export.proof.runner import signature_answers

    report["failures"] += [f"savedmodel: {failure}" for failure in graph_failures(folder, golden)]
    _check_in_session(folder, golden, report)
    gc.collect()
    for form, answers in signature_answers(folder, golden["id_name"], golden["text_separator"]):
        _compare_form(form, answers, golden, report)


def _check_in_session(folder: Path, golden: dict, report: dict) -> None:
    """Calls and warm-up; by itself, so that a large model is gone before it is loaded again."""
    from export.proof.runner import signature_caller

    with signature_caller(folder) as call:
        _check_calls(call, golden, report)
        _check_warmup(call, extra_folder(folder, SAVEDMODEL), report)


def graph_failures(folder: Path, golden: dict) -> list[str]:
    """What TensorFlow Serving or a client would find wrong with the graph, without running it."""
    # Here, as it imports TensorFlow, which takes seconds and which LiteRT files do not need.
    from export.proof.contract import (
        compiled_functions,
        promised_to,
        read_graph,
        signature_failures,
    )

    model = read_graph(folder)
    foreign = foreign_ops(set(op_counts(model)), golden["own_encoder"])
    return [
        *signature_failures(model, promised_to(golden)),
        *(f"op {op} is not allowed" for op in sorted(foreign)),
        *(f"function {name} has jit_compile" for name in compiled_functions(model)),
    ]


def _check_warmup(call: Callable, extra: Path, report: dict) -> None:
    """Every warm-up record, answered: one that fails would keep the version from loading."""
    from export.proof.warmup import NAME, read_warmup

    if not (extra / NAME).is_file():
        return
    number = 0
    for number, (signature, inputs) in enumerate(read_warmup(extra / NAME), start=1):
        try:
            call(signature, inputs)
        except Exception as error:
            report["failures"].append(f"warm-up record {number}, {signature}: {error}")
    report["warmup_records"] = number


def _check_calls(call: Callable, golden: dict, report: dict) -> None:
    """The calls of single signatures; an input that is left out takes its default."""
    for request in golden["calls"]:
        where, form = request["name"], request["signature"]
        try:
            outputs = call(form, request["inputs"])
        except Exception as error:
            report["failures"].append(f"{where}: {error}")
            continue
        check = _compare_arrays if "outputs" in request else _compare_rankings
        found, largest = check(request, outputs, golden["id_name"])
        report["failures"] += [f"{where}: {difference}" for difference in found]
        _count(report, form, 1, largest)


def _compare_arrays(request: dict, outputs: dict, id_name: str) -> tuple[list[str], float]:
    """What is wrong with the numbers of one call, and the largest difference."""
    pairs = {name: (wanted, outputs[name]) for name, wanted in request["outputs"].items()}
    found = [f"{name}: {d}" for name, pair in pairs.items() for d in array_differences(*pair)]
    largest = max(
        largest_difference(wanted, received)
        for pair in pairs.values()
        for wanted, received in zip(*pair, strict=True)
    )
    return found, largest


def _compare_rankings(request: dict, outputs: dict, id_name: str) -> tuple[list[str], float]:
    """The same for the rankings of one call."""
    answers = request["answers"]
    rows = list(zip(answers, outputs[id_name], outputs["scores"], strict=True))
    found = [d for expected, ids, scores in rows for d in differences(expected, ids, scores)]
    largest = max(largest_difference(expected["scores"], scores) for expected, _, scores in rows)
    return found, largest


def _check_lite(folder: Path, golden: dict, report: dict) -> None:
    sidecar = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    answers, mode = lite_answers(folder), MODES[sidecar["quantization"]]
    if not mode:
        _compare_form("litert", answers, golden, report)
        return
    known = set(sidecar["items"]["ids"])
    recommendable, repeats = known.difference(golden["withheld"]), golden.get("repeats", False)
    judge = ApproximateJudge(mode, recommendable, known, repeats)
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
            largest = max(largest, largest_difference(expected["scores"], scores))
    _count(report, form, len(golden["requests"]), largest)


def _count(report: dict, form: str, requests: int, largest: float) -> None:
    entry = report["forms"].setdefault(form, {"requests": 0, "largest_difference": 0.0})
    entry["requests"] += requests
    entry["largest_difference"] = max(entry["largest_difference"], largest)


def main() -> None:
    """Entry point of `python -m export.proof`."""
    report = prove([Path(name) for name in sys.argv[1:]])
    json.dump(report, sys.stdout)
    sys.exit(1 if report["failures"] else 0)


if __name__ == "__main__":
    main()
