"""Export a run: build the artifacts in a staging folder, prove them, publish them."""

import dataclasses
import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from export.artifact.documents import LiteReport, Proof, Provenance, Report, Retrieval
from export.artifact.manifest import NAME as MANIFEST
from export.artifact.manifest import write_manifest
from export.artifact.model_card import write_model_card
from export.artifact.numbers import LITE_SUFFIX
from export.artifact.publish import publish, require_publishable
from export.artifact.staging import staging_folder
from export.artifact.version import LITE, REPORT, SAVEDMODEL, extra_folder
from export.building import build
from export.graph.encoder import HistoryEncoder, reads_times
from export.litert.folder import append_card
from export.litert.modes import require_mode
from export.litert.samples import samples_for
from export.options import ExportOptions
from export.proof.process import ProofError, run_proof
from export.sources.item_lists import with_lists
from export.sources.origin import Origin
from export.sources.subject import Subject
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.runs.dataset import dataset_of_run
from seqrec_tf.runs.directory import Run
from seqrec_tf.screen import stage
from seqrec_tf.settings.id_names import require_id_name
from seqrec_tf.versions import package_version

KINDS = {"savedmodel": SAVEDMODEL, "tflite": LITE}  # of artifact that a format is
TRAINING_CARD = "TRAINING.md"
PACKAGES = ("tensorflow", "keras", "seqrec-tf")
SHOWN = 20  # failures of a proof


def export_run(run: Run, options: ExportOptions) -> list[Path]:
    """Build, prove and publish a run of this project.

    Args:
        run: a finished run, as `seqrec_tf.read_run` gives it.
        options: what to export and where to.

    Returns:
        The published version folders: the LiteRT file's first, the SavedModel's last, as far as
        `options.formats` has them.

    Raises:
        InputError: k does not fit the catalogue, repeats are not as in the run, or its data is not
            there and needed.
        ProofError: an artifact's answer differs; its message shows where.
    """
    require_mode(options.quantize, options.formats)
    options = _repeating(options, run)
    dataset = functools.cache(functools.partial(dataset_of_run, run))  # read if it is needed, once
    samples = samples_for(run, options.quantize, dataset)
    measured = options.retrieval != "exact" or options.precision != "float32"
    provenance = Provenance(
        run=str(run.path),
        data=run.config.data.name,
        encoder=run.config.encoder.encoder,
        metrics=run.metrics.as_dict(),
    )
    cards = {TRAINING_CARD if name == "README.md" else name: run.cards[name] for name in run.cards}
    split = dataset().split if measured else None
    origin = Origin(provenance, own_encoder=True, cards=cards, split=split, samples=samples)
    return export_encoder(run.encoder, run.catalogue, options, origin)


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
    encoder: HistoryEncoder, catalogue: Catalogue, options: ExportOptions, origin: Origin
) -> list[Path]:
    """As `export_run`, for any encoder.

    Args:
        encoder: of histories of the catalogue's rows.
        catalogue: its items.
        options: what to export and where to.
        origin: where the encoder comes from.
    """
    subject = Subject(
        encoder,
        _narrowed(catalogue, options),
        options.k,
        require_id_name(options.id_name or catalogue.id_name),
        bool(options.repeats),
        origin.own_encoder,
    )
    models = {
        SAVEDMODEL: options.output / options.name,
        LITE: options.output / f"{options.name}{LITE_SUFFIX}",
    }
    require_publishable(models[KINDS[name]] for name in options.formats)
    with staging_folder(options.output) as staging:
        folders, lite, retrieval = build(staging, subject, options, origin)
        proof = _proven(folders)
        report = _report(subject, origin.provenance, lite, retrieval, proof)
        for folder in folders:
            _describe(folder, options.name, report, origin.cards)
        # The SavedModel last: a server sees a version when everything that belongs to it is there.
        return publish({folder: models[folder.name] for folder in folders}, options.output)


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


def _proven(folders: list[Path]) -> Proof:
    """The proof of the folders.

    Raises:
        ProofError: with the differences, if there are any.
    """
    stage("proving, in a process that never saw the Keras model, that the answers are the same")
    proof = run_proof(folders)
    if proof.failures:
        shown = "\n".join(proof.failures[:SHOWN])
        raise ProofError(
            f"{len(proof.failures)} answers differ from the Keras model's; nothing was "
            f"published:\n{shown}"
        )
    stage(f"{proof.requests} golden requests were answered as the Keras model answers them")
    return proof


def _report(
    subject: Subject,
    provenance: Provenance,
    lite: LiteReport | None,
    retrieval: Retrieval | None,
    proof: Proof,
) -> Report:
    return Report(
        **vars(provenance),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        items=subject.catalogue.size,
        withheld=int(subject.catalogue.never().sum()) - 1,
        dim=subject.encoder.dim,
        window=subject.encoder.window,
        k=subject.k,
        id_name=subject.id_name,
        repeats=subject.repeats,
        reads_times=reads_times(subject.encoder),
        packages={name: package_version(name) for name in PACKAGES},
        lite=lite,
        retrieval=retrieval,
        proof=proof,
    )


def _describe(folder: Path, name: str, report: Report, cards: Mapping[str, bytes]) -> None:
    """Add the model card, what training says of itself, the export report and the manifest."""
    extra = extra_folder(folder, folder.name)
    for target, content in cards.items():
        (extra / target).write_bytes(content)
    write_model_card(extra / "README.md", folder.name, name, report)
    if folder.name == LITE:
        append_card(folder)
    report.write(extra / REPORT)
    write_manifest(folder, extra / MANIFEST)
