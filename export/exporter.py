"""Export a run: build the artifacts in a staging folder, prove them, publish them."""

import dataclasses
import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import tensorflow as tf

from export.artifact.manifest import NAME as MANIFEST
from export.artifact.manifest import write_manifest
from export.artifact.model_card import write_model_card
from export.artifact.numbers import LITE_SUFFIX
from export.artifact.publish import publish, require_publishable
from export.artifact.staging import staging_folder
from export.artifact.version import GOLDEN, LITE, REPORT, SAVEDMODEL, extra_folder
from export.graph.choice import build_index
from export.graph.exact import ExactIndex, exact_index
from export.graph.ivf import IvfIndex
from export.graph.picture import draw_retrieval
from export.graph.recommender import Recommender
from export.graph.signatures import signatures
from export.litert.folder import append_card, finish_lite
from export.litert.graph import convert, speaks_rows
from export.litert.modes import require_mode
from export.litert.samples import Histories, drawn_histories, histories_for
from export.options import ExportOptions
from export.proof.process import ProofError, run_proof
from export.proof.warmup import NAME as WARMUP
from export.proof.warmup import write_warmup
from export.sources.golden import golden_requests
from export.sources.item_lists import with_lists
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.splits import Split
from seqrec_tf.errors import InputError
from seqrec_tf.json_files import write_json
from seqrec_tf.runs.dataset import dataset_of_run
from seqrec_tf.runs.directory import Run
from seqrec_tf.settings.id_names import require_id_name
from seqrec_tf.versions import package_version

FORMATS = {"savedmodel": SAVEDMODEL, "tflite": LITE}
PACKAGES = ("tensorflow", "keras", "seqrec-tf")
TRAINING_CARD = "TRAINING.md"


@dataclass(frozen=True, eq=False)
class Subject:
    """What an artifact is built from.

    Attributes:
        encoder: `encode`, `encode_one`, `item_table`, `tensorflow_variables`, `window`, `dim`.
        catalogue: its items.
        k: items recommended.
        id_name: name of the id inputs and outputs.
        repeats: whether seen items are recommended, unless a request wants it otherwise.
    """

    encoder: object
    catalogue: Catalogue
    k: int
    id_name: str
    repeats: bool = False

    @functools.cache  # noqa: B019 - a subject lives as long as its export
    def golden(self, index: ExactIndex | IvfIndex) -> dict:
        """Golden requests, with the answers that an artifact with this index must give."""
        return golden_requests(
            self.encoder, self.catalogue, index, self.k, self.id_name, repeats=self.repeats
        )


def export_run(run: Run, options: ExportOptions) -> list[Path]:
    """Build, prove and publish a run of this project.

    Returns:
        The published version folders, in the order of `options.formats`.

    Raises:
        InputError: k does not fit the catalogue, repeats are not as in the run, or its data is not
            there and needed.
        ProofError: an artifact's answer differs; its message shows where.
    """
    require_mode(options.quantize, options.formats)
    options = _repeating(options, run)
    histories = histories_for(run, options.quantize)
    provenance = {
        "run": str(run.path),
        "data": run.config.data.name,
        "encoder": run.config.encoder.encoder,
        "metrics": run.metrics.as_dict(),
    }
    cards = {TRAINING_CARD if name == "README.md" else name: run.cards[name] for name in run.cards}
    measured = options.retrieval != "exact" or options.precision != "float32"
    split = dataset_of_run(run).split if measured else None
    return export_encoder(run.encoder, run.catalogue, options, provenance, cards, split, histories)


def _repeating(options: ExportOptions, run: Run) -> ExportOptions:
    """With the run's `repeats`: its metrics hold for no other."""
    repeats = run.config.data.repeats
    if options.repeats not in (None, repeats):
        raise InputError(
            f"--repeats: expected as in {run.path / 'config.json'}, {repeats}, which the run was "
            f"evaluated with. Received: {options.repeats}."
        )
    return dataclasses.replace(options, repeats=repeats)


def export_encoder(
    encoder,
    catalogue: Catalogue,
    options: ExportOptions,
    provenance: dict,
    cards: dict[str, bytes],
    split: Split | None = None,
    histories: Histories | None = None,
) -> list[Path]:
    """As `export_run`, for anything with the methods of `seqrec_tf.models.Encoder` that are used.

    Args:
        encoder: see `Subject`.
        catalogue: its items.
        options: what to export and where to.
        provenance: `run`, `data`, `encoder` and `metrics` of the export report.
        cards: files to write beside the report, by name.
        split: histories that an index other than the exact one is chosen and measured with.
        histories: for quantising the LiteRT file; None draws them by popularity.
    """
    subject = Subject(
        encoder,
        _narrowed(catalogue, options),
        options.k,
        require_id_name(options.id_name or catalogue.id_name),
        bool(options.repeats),
    )
    models = {
        SAVEDMODEL: options.output / options.name,
        LITE: options.output / f"{options.name}{LITE_SUFFIX}",
    }
    require_publishable(models[FORMATS[name]] for name in options.formats)
    with staging_folder(options.output) as staging:
        folders, measured = _build(staging, subject, options, split, histories)
        facts = {**provenance, **_facts(subject), **measured, "proof": _prove(folders)}
        for folder in folders:
            _describe(folder, options.name, facts, cards)
        # The SavedModel last: a server sees a version when everything that belongs to it is there.
        return publish({folder: models[folder.name] for folder in folders}, options.output)


def _build(
    staging: Path,
    subject: Subject,
    options: ExportOptions,
    split: Split | None,
    histories: Histories | None,
) -> tuple[list[Path], dict]:
    """The folders of all formats, and what was measured of them: `lite`, `retrieval`."""
    folders, facts = [], {}
    exact = exact_index(subject.encoder, subject.catalogue)
    if "tflite" in options.formats:
        if options.quantize != "none" and histories is None:
            histories = drawn_histories(subject.catalogue, subject.encoder.window)
        folders.append(build_lite(staging / LITE, subject, exact))
        facts["lite"] = finish_lite(folders[-1], options.quantize, histories)
    if "savedmodel" in options.formats:
        allowed = ~subject.catalogue.never()
        index, facts["retrieval"] = build_index(subject.encoder, exact, options, split, allowed)
        folders.append(_build_savedmodel(staging / SAVEDMODEL, subject, index))
        if "curve" in facts["retrieval"]:
            picture = extra_folder(folders[-1], SAVEDMODEL) / "retrieval.png"
            draw_retrieval(picture, facts["retrieval"], subject.k)
    return folders, facts


def _narrowed(catalogue: Catalogue, options: ExportOptions) -> Catalogue:
    """The catalogue with what the options withhold, and categories only if they are asked for."""
    options.require_fit(catalogue.size)
    if options.categories and catalogue.categories is None:
        raise InputError(
            "--categories: expected items with categories (MovieLens has them; --category-column "
            "when training on your own data). Received: a catalogue without."
        )
    catalogue = with_lists(catalogue, options.only_items, options.exclude_items)
    return catalogue if options.categories else dataclasses.replace(catalogue, categories=None)


def _facts(subject: Subject) -> dict:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "items": subject.catalogue.size,
        "withheld": int(subject.catalogue.never().sum()) - 1,
        "dim": subject.encoder.dim,
        "window": subject.encoder.window,
        "k": subject.k,
        "id_name": subject.id_name,
        "repeats": subject.repeats,
        "packages": {name: package_version(name) for name in PACKAGES},
    }


def _build_savedmodel(folder: Path, subject: Subject, index: ExactIndex | IvfIndex) -> Path:
    recommender = Recommender(
        subject.encoder, subject.catalogue, index, subject.k, subject.id_name, subject.repeats
    )
    tf.saved_model.save(recommender, str(folder), signatures=signatures(recommender))
    golden, extra = subject.golden(index), extra_folder(folder, SAVEDMODEL)
    extra.mkdir()
    write_json(extra / GOLDEN, golden, indent=None)
    write_warmup(extra / WARMUP, golden, subject.encoder.window)
    return folder


def build_lite(folder: Path, subject: Subject, exact: ExactIndex) -> Path:
    """Write a LiteRT file in float32, its sidecar and its golden requests; returns `folder`."""
    encoder, catalogue, k, id_name = subject.encoder, subject.catalogue, subject.k, subject.id_name
    folder.mkdir()
    content = convert(encoder, catalogue, k, id_name, repeats=subject.repeats)
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
        "repeats": subject.repeats,
        "items": {"ids": catalogue.ids.tolist(), "titles": catalogue.titles.tolist()},
    }
    write_json(folder / "model.json", sidecar)
    write_json(folder / GOLDEN, subject.golden(exact), indent=None)
    return folder


def _prove(folders: list[Path]) -> dict:
    """The report of `run_proof`.

    Raises:
        ProofError: with the differences, if there are any.
    """
    report = run_proof(folders)
    if report["failures"]:
        shown = "\n".join(report["failures"][:20])
        raise ProofError(
            f"{len(report['failures'])} answers differ from the Keras model's; nothing was "
            f"published:\n{shown}"
        )
    return report


def _describe(folder: Path, name: str, facts: dict, cards: dict[str, bytes]) -> None:
    """Add the model card, what training says of itself, the export report and the manifest."""
    extra = extra_folder(folder, folder.name)
    for target, content in cards.items():
        (extra / target).write_bytes(content)
    write_model_card(extra / "README.md", folder.name, name, facts)
    if folder.name == LITE:
        append_card(folder)
    write_json(extra / REPORT, facts)
    write_manifest(folder, extra / MANIFEST)
