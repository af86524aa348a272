"""Write the folders of an artifact: SavedModel and LiteRT file, each with its golden requests."""

from pathlib import Path

import tensorflow as tf

from export.artifact.documents import (
    Golden,
    LiteItems,
    LiteReport,
    LiteSignature,
    Retrieval,
    Sidecar,
)
from export.artifact.version import GOLDEN, GRAPHS, LITE, SAVEDMODEL, SIDECAR, WARMUP, extra_folder
from export.graph.choice import build_index
from export.graph.encoder import reads_times
from export.graph.exact import exact_index
from export.graph.index import Index
from export.graph.picture import draw_retrieval
from export.graph.recommender import Recommender
from export.graph.signatures import signatures
from export.litert.folder import finish_lite
from export.litert.graph import convert, speaks_rows
from export.litert.samples import drawn_samples
from export.options import ExportOptions
from export.proof.warmup import write_warmup
from export.sources.golden import golden_requests
from export.sources.origin import Origin
from export.sources.subject import Subject
from seqrec_tf.screen import stage

# Inputs of a LiteRT file whose encoder reads times, in words.
TIMES = {"timestamps": "int64 [length], or [0] if unknown", "now": "int64 [1], 0 if unknown"}


def build(
    staging: Path, subject: Subject, options: ExportOptions, origin: Origin
) -> tuple[list[Path], LiteReport | None, Retrieval | None]:
    """Write the folders of all formats.

    Args:
        staging: where they are written.
        subject: what they are built from.
        options: which formats, and how.
        origin: histories to measure with.

    Returns:
        The folders, the SavedModel's last, and what was measured of either format.
    """
    folders: list[Path] = []
    golden, lite, retrieval = None, None, None
    exact = exact_index(subject.encoder, subject.catalogue)
    if "tflite" in options.formats:
        stage("building the LiteRT file")
        golden = golden_requests(subject, exact)
        folders.append(build_lite(staging / LITE, subject, golden))
        samples = origin.samples
        if options.quantize != "none" and samples is None:
            samples = drawn_samples(subject.catalogue, subject.encoder.window)
        lite = finish_lite(folders[-1], options.quantize, samples)
    if "savedmodel" in options.formats:
        stage("building the SavedModel")
        allowed = ~subject.catalogue.never()
        index, retrieval = build_index(subject.encoder, exact, options, origin.split, allowed)
        # The LiteRT file and a SavedModel with exact retrieval must answer the same.
        if golden is None or index is not exact:
            golden = golden_requests(subject, index)
        folders.append(build_savedmodel(staging / SAVEDMODEL, subject, index, golden))
        draw_retrieval(extra_folder(folders[-1], SAVEDMODEL) / "retrieval.png", retrieval)
    return folders, lite, retrieval


def build_savedmodel(folder: Path, subject: Subject, index: Index, golden: Golden) -> Path:
    """Write a SavedModel, its golden requests and its warm-up requests; returns `folder`."""
    recommender = Recommender(
        subject.encoder, subject.catalogue, index, subject.k, subject.id_name, subject.repeats
    )
    tf.saved_model.save(recommender, str(folder), signatures=signatures(recommender))
    extra = extra_folder(folder, SAVEDMODEL)
    extra.mkdir()
    golden.write(extra / GOLDEN, indent=None)
    write_warmup(extra / WARMUP, golden, subject.encoder.window)
    return folder


def build_lite(folder: Path, subject: Subject, golden: Golden) -> Path:
    """Write a LiteRT file in float32, its sidecar and its golden requests; returns `folder`."""
    folder.mkdir()
    content = convert(
        subject.encoder, subject.catalogue, subject.k, subject.id_name, repeats=subject.repeats
    )
    (folder / GRAPHS[LITE]).write_bytes(content)
    _sidecar(subject, len(content)).write(folder / SIDECAR)
    golden.write(folder / GOLDEN, indent=None)
    return folder


def _sidecar(subject: Subject, size: int) -> Sidecar:
    catalogue, k, id_name = subject.catalogue, subject.k, subject.id_name
    return Sidecar(
        id_name=id_name,
        speaks="rows" if speaks_rows(catalogue) else "ids",
        signature=LiteSignature(
            inputs={id_name: "int32 [length]"} | (TIMES if reads_times(subject.encoder) else {}),
            outputs={id_name: f"int32 [{k}]", "scores": f"float32 [{k}]"},
        ),
        quantization="none",
        bytes=size,
        window=subject.encoder.window,
        repeats=subject.repeats,
        items=LiteItems(ids=catalogue.ids.tolist(), titles=catalogue.titles.tolist()),
    )
