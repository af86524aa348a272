"""Ask an artifact its golden requests, in whatever form it takes them, and compare the answers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from export.artifact.documents import Answer, Call, Golden, Id, Request, TimedRequest
from export.proof.exact import COSINE, array_differences, differences, largest_difference
from export.proof.findings import Findings

# A batch of histories (lists of raw ids), and of a timed request what that has more -> one
# (ids, scores) a history.
Answers = Callable[..., list[tuple[list[Id], list[float]]]]
# History, expected answer, ids, scores -> what is wrong, in words.
Judge = Callable[[list[Id], Answer, list[Id], list[float]], list[str]]
# A signature's name and inputs -> its outputs, as lists.
Caller = Callable[[str, dict[str, Any]], dict[str, list]]


def exactly(history: list[Id], expected: Answer, ids: list[Id], scores: list[float]) -> list[str]:
    """The judge of artifacts in full precision, whatever the history."""
    return differences(expected, ids, scores)


def compare_form(
    form: str,
    answers: Answers,
    golden: Golden,
    findings: Findings,
    judge: Judge = exactly,
    timed: bool = False,
) -> None:
    """Ask all requests in one form.

    Args:
        form: its name.
        answers: asks it.
        golden: the requests.
        findings: what is wrong is added to them.
        judge: says what is wrong with an answer.
        timed: whether the requests are those with times.
    """
    largest = 0.0
    requests: Sequence[Request] = (golden.timed or ()) if timed else golden.requests
    for request in requests:
        where = f"{form}, {request.name}"
        try:
            answered = answers(*asked(request))
        except Exception as error:
            findings.fail(where, [error])
            continue
        sizes = [len(ids) for ids, _ in answered]
        if sizes != [golden.k] * len(request.answers):
            wanted = f"{len(request.answers)} answers of {golden.k} ids"
            findings.fail(where, [f"expected {wanted}, got sizes {sizes}"])
            continue
        for number, expected in enumerate(request.answers):
            history, (ids, scores) = request.histories[number], answered[number]
            found = judge(history, expected, ids, scores)
            findings.fail(f"{where}, history {number}", found)
            largest = max(largest, largest_difference(expected.scores, scores))
    findings.count(form, len(requests), largest)


def asked(request: Request) -> tuple:
    """What a form is given: histories, and of a timed request its timestamps and now."""
    if isinstance(request, TimedRequest):
        return request.histories, request.timestamps, request.now
    return (request.histories,)


def compare_calls(call: Caller, golden: Golden, findings: Findings) -> None:
    """Ask the calls of single signatures; an input that is left out takes its default."""
    for request in golden.calls:
        where, form = request.name, request.signature
        try:
            outputs = call(form, request.inputs)
        except Exception as error:
            findings.fail(where, [error])
            continue
        if request.outputs is None:
            found, largest = _compared_rankings(request, outputs, golden.id_name)
        else:
            found, largest = _compared_arrays(request.outputs, outputs)
        findings.fail(where, found)
        findings.count(form, 1, largest)


def _compared_arrays(
    expected: dict[str, list], outputs: dict[str, list]
) -> tuple[list[str], float]:
    """What is wrong with the numbers of one call, and the largest difference."""
    pairs = {name: (wanted, outputs[name]) for name, wanted in expected.items()}
    found = [f"{name}: {d}" for name, pair in pairs.items() for d in array_differences(*pair)]
    largest = max(
        largest_difference(wanted, received)
        for pair in pairs.values()
        for wanted, received in zip(*pair, strict=True)
    )
    return found, largest


def _compared_rankings(
    request: Call, outputs: dict[str, list], id_name: str
) -> tuple[list[str], float]:
    """The same for the rankings of one call."""
    rows = list(zip(request.answers or (), outputs[id_name], outputs["scores"], strict=True))
    least = COSINE if request.signature == "similar" else 0.0
    found = [d for expected, ids, scores in rows for d in differences(expected, ids, scores, least)]
    largest = max(largest_difference(each.scores, scores, least) for each, _, scores in rows)
    return found, largest


def replay_warmup(call: Caller, path: Path, findings: Findings) -> None:
    """Answer every warm-up record: one that fails would keep the version from loading."""
    from export.proof.warmup import read_warmup

    number = 0
    for number, (signature, inputs) in enumerate(read_warmup(path), start=1):
        try:
            call(signature, inputs)
        except Exception as error:
            findings.fail(f"warm-up record {number}, {signature}", [error])
    findings.count_warmup(number)
