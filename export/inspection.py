"""Show what an exported version holds, as tables a person can read.

    python -m export inspect models/seqrec/1

Where it comes from, its figures, its signatures, files and ops. It reads; `verify` judges.
"""

from collections.abc import Iterator
from pathlib import Path

from export.artifact.documents import Report, Sidecar
from export.artifact.documents.reading import as_written
from export.artifact.version import GRAPHS, REPORT, SAVEDMODEL, SIDECAR, Artifact
from seqrec_tf.evaluation.refit_note import refit_note
from seqrec_tf.evaluation.seen_targets import seen_note

METRICS = ("hit_rate@10", "ndcg@10")


def described(artifact: Artifact) -> list[str]:
    """The lines of the tables.

    Raises:
        InputError: a file of the artifact is damaged.
    """
    folder = artifact.folder
    with as_written(artifact.extra / REPORT):
        report = Report.read(artifact.extra / REPORT)
        provenance, figures = _provenance(report), _figures(report.metrics)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    sizes = [(str(file.relative_to(folder)), f"{file.stat().st_size:,} bytes") for file in files]
    return [
        f"{folder}: {'SavedModel' if artifact.kind == SAVEDMODEL else 'LiteRT'}",
        *_section("provenance", provenance),
        *_section("figures", figures),
        *_section("graph", _graph(folder) if artifact.kind == SAVEDMODEL else _lite(folder)),
        *_section("files", sizes),
    ]


def _section(title: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    yield f"\n{title}"
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        yield f"  {name:<{width}}  {value}"


def _provenance(report: Report) -> list[tuple[str, str]]:
    names = ("date", "run", "encoder", "items", "withheld", "dim", "window", "k")
    packages = ", ".join(f"{name} {number}" for name, number in report.packages.items())
    retrieval = report.retrieval
    return [
        *((name, str(getattr(report, name))) for name in names),
        ("seen items", "may come up again" if report.repeats else "hidden"),
        ("retrieval", f"{retrieval.kind}, {retrieval.precision}" if retrieval else "exact"),
        ("packages", packages),
    ]


def _figures(metrics: dict) -> list[tuple[str, str]]:
    rows = [("protocol", metrics.get("protocol", "none: not evaluated here"))]
    parts = {"test": metrics.get("test"), "validation": metrics.get("validation")}
    parts |= metrics.get("baselines", {})
    for part, values in parts.items():
        if values:
            rows.append((part, ", ".join(f"{name} {values[name]:.4f}" for name in METRICS)))
    notes = {"seen before": seen_note(metrics), "trained again": refit_note(metrics)}
    return [*rows, *((name, note) for name, note in notes.items() if note)]


def _graph(folder: Path) -> list[tuple[str, str]]:
    from export.proof.contract import found, read_graph
    from export.proof.ops import op_counts

    with as_written(folder / GRAPHS[SAVEDMODEL]):
        model = read_graph(folder)
        signatures, counts = found(model), op_counts(model)
    rows = [
        (f"signature {name}", f"{_shapes(inputs)} -> {_shapes(outputs)}")
        for name, (inputs, outputs) in signatures.items()
    ]
    common = ", ".join(f"{name} {count}" for name, count in counts.most_common(8))
    return [*rows, ("ops", f"{counts.total():,} of {len(counts)} kinds: {common}, ...")]


def _shapes(tensors: dict) -> str:
    return ", ".join(
        f"{name} {kind} [{', '.join('?' if side < 0 else str(side) for side in shape)}]"
        for name, (kind, shape) in tensors.items()
    )


def _lite(folder: Path) -> list[tuple[str, str]]:
    from export.litert.report import parity_text

    path = folder / SIDECAR
    with as_written(path):
        sidecar = Sidecar.read(path)
        report, signature = sidecar.finished_report, sidecar.signature
        inputs, outputs = (
            ", ".join(f"{name} {kind}" for name, kind in side.items())
            for side in (signature.inputs, signature.outputs)
        )
        return [
            ("signature", f"{inputs} -> {outputs}"),
            ("speaks", sidecar.speaks),
            ("quantization", sidecar.quantization),
            ("of float32", f"{report.bytes / report.float32_bytes:.1%} of the bytes"),
            *([("parity", parity_text(report.parity))] if report.parity else []),
            *(("warning", warning) for warning in report.warnings),
        ]
