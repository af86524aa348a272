"""Export a run: build the artifacts in a staging folder, prove them, publish them."""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import tensorflow as tf

from export.golden import golden_requests
from export.item_lists import with_lists
from export.lite import convert, speaks_rows
from export.manifest import NAME as MANIFEST
from export.manifest import write_manifest
from export.proving import ProofError, run_proof
from export.publish import publish, require_publishable
from export.recommender import Recommender
from export.signatures import signatures
from export.staging import staging_folder
from export.warmup import NAME as WARMUP
from export.warmup import write_warmup
from seqrec_tf.config import require_id_name
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.run_directory import Run, write_json


@dataclass(frozen=True)
class ExportOptions:
    """What to export and where to.

    Attributes:
        formats: any of `savedmodel` and `tflite`.
        output: the folder of all models.
        name: the model's name; `<name>-lite` is the LiteRT file's.
        k: items recommended, 1..catalogue size.
        id_name: name of the id inputs and outputs; None takes the dataset's.
        only_items: file of the ids that may be recommended, one a line; None: all.
        exclude_items: file of ids that must not be.
    """

    formats: tuple[str, ...] = ("savedmodel",)
    output: Path = Path("models")
    name: str = "seqrec"
    k: int = 10
    id_name: str | None = None
    only_items: Path | None = None
    exclude_items: Path | None = None


def export_run(run: Run, options: ExportOptions) -> list[Path]:
    """Build, prove and publish a run of this project.

    Returns:
        The published version folders, in the order of `options.formats`.

    Raises:
        InputError: k does not fit the catalogue.
        ProofError: an artifact's answer differs; its message shows where.
    """
    provenance = {
        "run": str(run.path),
        "encoder": run.config.encoder.encoder,
        "metrics": run.metrics,
    }
    cards = [run.path / name for name in ("README.md", "learning_curve.png", "breakdown.png")]
    return export_encoder(run.encoder, run.catalogue, options, provenance, cards)


def export_encoder(
    encoder, catalogue: Catalogue, options: ExportOptions, provenance: dict, cards: list[Path]
) -> list[Path]:
    """As `export_run`, for anything with the methods of `seqrec_tf.models.Encoder` that are used.

    Args:
        encoder: `encode`, `encode_one`, `item_table`, `variables`, `window` and `dim`.
        catalogue: its items.
        options: what to export and where to.
        provenance: `run`, `encoder` and `metrics` of the export report.
        cards: files that are copied beside the report, where they exist.
    """
    if not 1 <= options.k <= catalogue.size:
        raise InputError(
            f"--k: expected 1 to {catalogue.size}, the size of the catalogue. "
            f"Received: {options.k}."
        )
    id_name = require_id_name(options.id_name or catalogue.id_name)
    catalogue = with_lists(catalogue, options.only_items, options.exclude_items)
    arguments = (encoder, catalogue, options.k, id_name)
    builders = {"savedmodel": _build_savedmodel, "tflite": _build_lite}
    folders = {"savedmodel": "savedmodel", "tflite": "lite"}
    models = {"savedmodel": options.name, "tflite": f"{options.name}-lite"}
    targets = {name: options.output / models[name] for name in options.formats}
    require_publishable(targets.values())
    with staging_folder(options.output) as staging:
        golden = golden_requests(*arguments)
        _write_golden(staging / "golden_requests.json", golden)
        for name in options.formats:
            builders[name](staging / folders[name], *arguments)
        if "savedmodel" in options.formats:
            padding = 0 if golden["id_type"] == "int64" else ""
            warmup = staging / "savedmodel" / "assets.extra" / WARMUP
            write_warmup(warmup, golden, encoder.window, padding)
        facts = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            **provenance,
            **{"items": catalogue.size, "dim": encoder.dim, "window": encoder.window},
            **{"k": options.k, "retrieval": "exact"},
            "withheld": int(catalogue.never().sum()) - 1,
            "packages": {name: version(name) for name in ("tensorflow", "keras", "seqrec-tf")},
            "proof": _prove(staging),
        }
        golden_path = staging / "golden_requests.json"
        for name in options.formats:
            _describe(staging / folders[name], facts, [*cards, golden_path])
        staged = {staging / folders[name]: model for name, model in targets.items()}
        return publish(staged, options.output)


def _build_savedmodel(folder: Path, *arguments) -> None:
    recommender = Recommender(*arguments)
    tf.saved_model.save(recommender, str(folder), signatures=signatures(recommender))
    (folder / "assets.extra").mkdir()


def _build_lite(folder: Path, encoder, catalogue, k: int, id_name: str) -> None:
    folder.mkdir()
    content = convert(encoder, catalogue, k, id_name)
    (folder / "model.tflite").write_bytes(content)
    sidecar = {
        "id_name": id_name,
        "speaks": "rows" if speaks_rows(catalogue) else "ids",
        "signature": {
            "inputs": {id_name: "int32 [length]"},
            "outputs": {id_name: f"int32 [{k}]", "scores": f"float32 [{k}]"},
        },
        "quantization": "none",
        "bytes": len(content),
        "window": encoder.window,
        "items": {"ids": catalogue.ids.tolist(), "titles": catalogue.titles.tolist()},
    }
    write_json(folder / "model.json", sidecar)


def _write_golden(path: Path, golden: dict) -> None:
    path.write_text(json.dumps(golden, ensure_ascii=False), encoding="utf-8")


def _prove(staging: Path) -> dict:
    """The report of `run_proof`.

    Raises:
        ProofError: with the differences, if there are any.
    """
    report = run_proof(staging)
    if report["failures"]:
        shown = "\n".join(report["failures"][:20])
        raise ProofError(
            f"{len(report['failures'])} answers differ from the Keras model's; nothing was "
            f"published:\n{shown}"
        )
    return report


def _describe(folder: Path, facts: dict, files: list[Path]) -> None:
    """Add the export report, the files (model card, golden requests) and the manifest."""
    extra = folder / "assets.extra" if folder.name == "savedmodel" else folder
    for path in files:
        if path.is_file():
            shutil.copy(path, extra / path.name)
    write_json(extra / "export_report.json", facts)
    write_manifest(folder, extra / MANIFEST)
