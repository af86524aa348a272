"""Add and retire items of a published model without training: a new version, proven.

    python -m export --refresh-items new_items.csv --version-of models/seqrec

A row an item: `id`, and for one to add a `vector` (numbers, spaces between them, or a list) or
`neighbours` (ids it is like, `|` between them, or a list, whose vectors are averaged), and a
`title` and `categories` if you like; for one to retire `action` is `retire`. A retired item is
never recommended but still read in histories; it stays in the catalogue, so that it can be added
again, and is then what it was in all that is not given. In a history an item that the encoder has
not learnt is read as the learnt one most like it; for people without a history it comes after all
others.
"""

import os
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.artifact.documents import Golden, Id, Provenance, Refreshed, Report, Retrieval
from export.artifact.version import GOLDEN, REPORT, Artifact, require_savedmodel
from export.exporter import TRAINING_CARD, export_encoder
from export.options import ExportOptions
from export.sources.additions import Additions, read_additions
from export.sources.merging import merged
from export.sources.origin import Origin
from export.sources.published import published_catalogue, retired_rows
from export.sources.refreshed import RefreshedEncoder, stand_ins, trained_part
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.runs.directory import CARDS


def refresh(items: str | os.PathLike, version_of: str | os.PathLike) -> list[Path]:
    """Publish a new version with other items.

    Args:
        items: table of items to add and to retire; see the module.
        version_of: a model's folder (its largest version is taken) or one version's.

    Returns:
        The published version folder.

    Raises:
        InputError: no SavedModel of this exporter, or an item that cannot be added or retired.
        ProofError: the new version answers otherwise than it should; nothing was published.
    """
    artifact = require_savedmodel(Path(version_of))
    folder, report = artifact.folder, Report.read(artifact.extra / REPORT)
    model = tf.saved_model.load(str(folder))
    if not hasattr(model, "item_vectors"):
        raise InputError(
            f"{folder}: expected a version of this seqrec-tf. Received: one whose item vectors "
            "cannot be read; export the run anew."
        )
    old, retired = published_catalogue(model, report.id_name), retired_rows(model, report)
    table = model.item_vectors(tf.range(old.size + 1)).numpy()
    additions = read_additions(Path(items), old, table, retired)
    catalogue, source, retired = merged(old, additions, retired)
    trained = trained_part(model, old.size)
    encoder = RefreshedEncoder(
        trained,
        report.window,
        np.concatenate([table, additions.vectors])[source],
        *stand_ins(trained, table, additions, source),
        reads_times=report.reads_times,
    )
    print(_said(additions, old, report), file=sys.stderr)
    now_retired = catalogue.ids[retired[1:]].tolist()
    provenance = _provenance(report, folder, additions, now_retired)
    origin = Origin(provenance, own_encoder=_own_encoder(artifact), cards=_cards(artifact))
    return export_encoder(encoder, catalogue, _options(folder, report, catalogue), origin)


def _provenance(
    report: Report, folder: Path, additions: Additions, retired: list[Id]
) -> Provenance:
    """Where the new version comes from: where the old one did, by way of that."""
    return Provenance(
        run=report.run,
        data=report.data,
        encoder=report.encoder,
        metrics=report.metrics,
        refreshed=Refreshed(
            from_=str(folder), added=len(additions.ids), retired=len(additions.retired)
        ),
        retired=retired,
    )


def _own_encoder(artifact: Artifact) -> bool:
    """Whether the version was held to the ops of this project's encoders; then so is the next."""
    golden = artifact.extra / GOLDEN
    return golden.is_file() and Golden.read(golden).own_encoder


def _cards(artifact: Artifact) -> dict[str, bytes]:
    """What training said of the version, by name."""
    files = [artifact.extra / name for name in (TRAINING_CARD, *CARDS[1:])]
    return {file.name: file.read_bytes() for file in files if file.is_file()}


def _said(additions: Additions, old: Catalogue, report: Report) -> str:
    """The line on stderr."""
    again, retired = int((additions.rows > 0).sum()), len(additions.retired)
    idle = int(old.never()[additions.retired].sum())
    text = f"refresh: {len(additions.ids) - again} added, {again} added again, {retired} retired"
    text += f" ({idle} of them not recommended before either)" if idle else ""
    if report.retrieval and report.retrieval.cells:
        text += "; as many cells are looked into as before, and recall is not measured anew"
    return text


def _options(folder: Path, report: Report, catalogue: Catalogue) -> ExportOptions:
    """Those of the published version."""
    retrieval = report.retrieval or Retrieval(kind="exact", precision="float32")
    cells = retrieval.cells
    return ExportOptions(
        output=folder.parent.parent,
        name=folder.parent.name,
        k=report.k,
        id_name=report.id_name,
        categories=catalogue.categories is not None,
        retrieval=retrieval.kind,
        precision=retrieval.precision,
        cells=cells.asked_cells if cells else None,
        probes=cells.probes if cells else None,
        repeats=report.repeats,
    )
