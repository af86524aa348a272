"""Check SavedModels and LiteRT files against the golden requests that lie beside them.

What imports TensorFlow, which takes seconds and which LiteRT files do not need, is imported where
it is used.
"""

import gc
from pathlib import Path

from export.artifact.documents import Golden, Proof, Sidecar
from export.artifact.version import GOLDEN, GRAPHS, LITE, SAVEDMODEL, SIDECAR, WARMUP, extra_folder
from export.litert.modes import MODES
from export.litert.runner import lite_answers
from export.proof.answers import compare_calls, compare_form, replay_warmup
from export.proof.approximate import ApproximateJudge
from export.proof.findings import Findings
from export.proof.ops import foreign_ops, op_counts
from export.proof.ties import read_ties


def prove(folders: list[Path]) -> Proof:
    """Check artifacts.

    Args:
        folders: SavedModel and LiteRT folders, each with its golden requests.
    """
    findings = Findings()
    for folder in folders:
        kind = SAVEDMODEL if (folder / GRAPHS[SAVEDMODEL]).exists() else LITE
        try:
            golden = read_ties(Golden.read(extra_folder(folder, kind) / GOLDEN))
            if kind == SAVEDMODEL:
                _check_savedmodel(folder, golden, findings)
            else:
                _check_lite(folder, golden, findings)
        except Exception as error:  # any failure of an artifact is a finding, not a crash
            findings.fail(kind, [error])
    return findings.proof()


def _check_savedmodel(folder: Path, golden: Golden, findings: Findings) -> None:
    from export.proof.runner import signature_answers, timed_answers

    findings.fail(SAVEDMODEL, graph_failures(folder, golden))
    _check_in_session(folder, golden, findings)
    gc.collect()
    for form, answers in signature_answers(folder, golden.id_name, golden.text_separator):
        compare_form(form, answers, golden, findings)
    if golden.timed is not None:
        for form, answers in timed_answers(folder, golden.id_name):
            compare_form(form, answers, golden, findings, timed=True)


def _check_in_session(folder: Path, golden: Golden, findings: Findings) -> None:
    """Calls and warm-up; by itself, so that a large model is gone before it is loaded again."""
    from export.proof.runner import signature_caller

    with signature_caller(folder) as call:
        compare_calls(call, golden, findings)
        warmup = extra_folder(folder, SAVEDMODEL) / WARMUP
        if warmup.is_file():
            replay_warmup(call, warmup, findings)


def graph_failures(folder: Path, golden: Golden) -> list[str]:
    """What TensorFlow Serving or a client would find wrong with the graph, without running it."""
    from export.proof.contract import (
        compiled_functions,
        promised_to,
        read_graph,
        signature_failures,
    )

    model = read_graph(folder)
    foreign = foreign_ops(set(op_counts(model)), golden.own_encoder)
    return [
        *signature_failures(model, promised_to(golden)),
        *(f"op {op} is not allowed" for op in sorted(foreign)),
        *(f"function {name} has jit_compile" for name in compiled_functions(model)),
    ]


def _check_lite(folder: Path, golden: Golden, findings: Findings) -> None:
    sidecar = Sidecar.read(folder / SIDECAR)
    answers, mode = lite_answers(folder), MODES[sidecar.quantization]
    forms = {"litert": False} | ({} if golden.timed is None else {"litert, timed": True})
    if not mode:
        for form, timed in forms.items():
            compare_form(form, answers, golden, findings, timed=timed)
        return
    known = set(sidecar.items.ids)
    judge = ApproximateJudge(mode, known.difference(golden.withheld), known, golden.repeats)
    for form, timed in forms.items():
        compare_form(form, answers, golden, findings, judge, timed)
    findings.fail("litert", judge.failures())
    findings.promise("litert", mode.tolerance, judge.agreement)
