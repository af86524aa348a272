"""Show what an exported version holds, as tables a person can read.

    python -m export inspect models/seqrec/1

Where it comes from, its figures, its signatures, files and ops. It reads; `verify` judges.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from export.artifact import SAVEDMODEL, kind_of, read_report
from seqrec_tf.errors import run_command
from seqrec_tf.options import Parser

METRICS = ("hit_rate@10", "ndcg@10")


def main(argv: list[str]) -> None:
    """Entry point of `python -m export inspect`."""
    parser = Parser(
        prog="python -m export inspect", description="Show an exported version.", epilog=__doc__
    )
    parser.add_argument("folder", type=Path, help="a version folder, such as models/seqrec/1")
    folder = parser.parse_args(argv).folder
    run_command(lambda: sys.stdout.writelines(f"{line}\n" for line in described(folder)))


def described(folder: Path) -> Iterator[str]:
    """The lines of the tables.

    Raises:
        InputError: the folder is no exported version.
    """
    kind, report = kind_of(folder), read_report(folder)
    yield f"{folder}: {'SavedModel' if kind == SAVEDMODEL else 'LiteRT'}"
    yield from _section("provenance", _provenance(report))
    yield from _section("figures", _figures(report["metrics"]))
    yield from _section("graph", _graph(folder) if kind == SAVEDMODEL else _lite(folder))
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    sizes = [(str(file.relative_to(folder)), f"{file.stat().st_size:,} bytes") for file in files]
    yield from _section("files", sizes)


def _section(title: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    yield f"\n{title}"
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        yield f"  {name:<{width}}  {value}"


def _provenance(report: dict) -> list[tuple[str, str]]:
    names = ("date", "run", "encoder", "items", "withheld", "dim", "window", "k", "retrieval")
    packages = ", ".join(f"{name} {number}" for name, number in report["packages"].items())
    return [*((name, str(report[name])) for name in names), ("packages", packages)]


def _figures(metrics: dict) -> list[tuple[str, str]]:
    rows = [("protocol", metrics.get("protocol", "none: not evaluated here"))]
    parts = {"test": metrics.get("test"), "validation": metrics.get("validation")}
    parts |= metrics.get("baselines", {})
    for part, values in parts.items():
        if values:
            rows.append((part, ", ".join(f"{name} {values[name]:.4f}" for name in METRICS)))
    return rows


def _graph(folder: Path) -> list[tuple[str, str]]:
    from export.contract import found, read_graph
    from export.ops import op_counts

    model = read_graph(folder)
    rows = [
        (f"signature {name}", f"{_shapes(inputs)} -> {_shapes(outputs)}")
        for name, (inputs, outputs) in found(model).items()
    ]
    counts = op_counts(model)
    common = ", ".join(f"{name} {count}" for name, count in counts.most_common(8))
    return [*rows, ("ops", f"{counts.total():,} of {len(counts)} kinds: {common}, ...")]


def _shapes(tensors: dict) -> str:
    return ", ".join(
        f"{name} {kind} [{', '.join('?' if side < 0 else str(side) for side in shape)}]"
        for name, (kind, shape) in tensors.items()
    )


def _lite(folder: Path) -> list[tuple[str, str]]:
    from export.lite_report import parity_text

    sidecar = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    signature, report = sidecar["signature"], sidecar["report"]
    sides = [", ".join(f"{n} {t}" for n, t in signature[s].items()) for s in ("inputs", "outputs")]
    return [
        ("signature", " -> ".join(sides)),
        ("speaks", sidecar["speaks"]),
        ("quantization", sidecar["quantization"]),
        ("of float32", f"{report['bytes'] / report['float32_bytes']:.1%} of the bytes"),
        *([("parity", parity_text(report["parity"]))] if report["parity"] else []),
        *(("warning", warning) for warning in report["warnings"]),
    ]
