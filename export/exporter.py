"""Export a run: build the artifacts in a staging folder, prove them, publish them."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import tensorflow as tf

from export.golden import golden_requests
from export.histories import Histories, drawn_histories, histories_for
from export.item_lists import with_lists
from export.lite import convert, speaks_rows
from export.lite_folder import append_card, finish_lite
from export.lite_modes import require_mode
from export.manifest import NAME as MANIFEST
from export.manifest import write_manifest
from export.publish import publish, staging_folder
from export.recommender import Recommender
from export.signatures import signatures
from export.warmup import NAME as WARMUP
from export.warmup import write_warmup
from seqrec_tf.config import require_id_name
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.run_directory import Run, write_json


class ProofError(RuntimeError):
    """An artifact answers otherwise than the Keras model; nothing was published."""


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
        quantize: form of the LiteRT file's numbers, of `export.lite_modes`.
    """

    formats: tuple[str, ...] = ("savedmodel",)
    output: Path = Path("models")
    name: str = "seqrec"
    k: int = 10
    id_name: str | None = None
    only_items: Path | None = None
    exclude_items: Path | None = None
    quantize: str = "none"


def export_run(run: Run, options: ExportOptions) -> list[Path]:
    """Build, prove and publish a run of this project.

    Returns:
        The published version folders, in the order of `options.formats`.

    Raises:
        InputError: k does not fit the catalogue.
        ProofError: an artifact's answer differs; its message shows where.
    """
    require_mode(options.quantize, options.formats)
    histories = histories_for(run, options.quantize)
    provenance = {
        "run": str(run.path),
        "encoder": run.config.encoder.encoder,
        "metrics": run.metrics,
    }
    cards = [run.path / name for name in ("README.md", "learning_curve.png", "breakdown.png")]
    return export_encoder(run.encoder, run.catalogue, options, provenance, cards, histories)


def export_encoder(
    encoder,
    catalogue: Catalogue,
    options: ExportOptions,
    provenance: dict,
    cards: list[Path],
    histories: Histories | None = None,
) -> list[Path]:
    """As `export_run`, for anything with the methods of `seqrec_tf.models.Encoder` that are used.

    Args:
        encoder: `encode`, `encode_one`, `item_table`, `variables`, `window` and `dim`.
        catalogue: its items.
        options: what to export and where to.
        provenance: `run`, `encoder` and `metrics` of the export report.
        cards: files that are copied beside the report, where they exist.
        histories: for quantising; None draws them by popularity.
    """
    if require_mode(options.quantize, options.formats) != "none" and not histories:
        histories = drawn_histories(catalogue, encoder.window)
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
    with staging_folder(options.output) as staging:
        golden = golden_requests(*arguments)
        _write_golden(staging / "golden_requests.json", golden)
        for name in options.formats:
            builders[name](staging / folders[name], *arguments)
        if "tflite" in options.formats:
            lite = finish_lite(staging / "lite", options.quantize, histories)
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
        if "tflite" in options.formats:
            facts["lite"] = lite
        golden_path = staging / "golden_requests.json"
        for name in options.formats:
            _describe(staging / folders[name], facts, [*cards, golden_path])
        staged = {staging / folders[f]: options.output / models[f] for f in options.formats}
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


def run_proof(staging: Path) -> dict:
    """Run `export.proof` in a fresh process.

    Raises:
        ProofError: the process broke; with what it said.
    """
    command = [sys.executable, "-m", "export.proof", str(staging)]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout.startswith("{"):
        raise ProofError(f"the proof did not run; nothing was published:\n{done.stderr}")
    return json.loads(done.stdout)


def _describe(folder: Path, facts: dict, files: list[Path]) -> None:
    """Add the export report, the files (model card, golden requests) and the manifest."""
    extra = folder / "assets.extra" if folder.name == "savedmodel" else folder
    for path in files:
        if path.is_file():
            shutil.copy(path, extra / path.name)
    if extra == folder:
        append_card(folder)
    write_json(extra / "export_report.json", facts)
    write_manifest(folder, extra / MANIFEST)
