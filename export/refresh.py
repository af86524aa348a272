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

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf

from export.artifact.version import REPORT, require_savedmodel
from export.exporter import TRAINING_CARD, export_encoder
from export.graph.exact import norms_of
from export.graph.recall import SCORES
from export.options import ExportOptions
from export.sources.additions import Additions, read_additions
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.notices import shown
from seqrec_tf.errors import InputError, warn
from seqrec_tf.json_files import read_json
from seqrec_tf.ragged import drop_padding, from_padded
from seqrec_tf.runs.directory import CARDS


def refresh(items: Path, version_of: Path) -> list[Path]:
    """Publish a new version with other items.

    Args:
        items: table of items to add and to retire.
        version_of: a model's folder (its largest version is taken) or one version's.

    Returns:
        The published version folder.

    Raises:
        InputError: no SavedModel of this exporter, or an item that cannot be added or retired.
        ProofError: the new version answers otherwise than it should; nothing was published.
    """
    artifact = require_savedmodel(version_of)
    folder, report = artifact.folder, read_json(artifact.extra / REPORT)
    model = tf.saved_model.load(str(folder))
    if not hasattr(model, "item_vectors"):
        raise InputError(
            f"{folder}: expected a version of this seqrec-tf. Received: one whose item vectors "
            "cannot be read; export the run anew."
        )
    old, retired = _catalogue(model, report), _retired(model, report)
    table = model.item_vectors(tf.range(old.size + 1)).numpy()
    additions = read_additions(items, old, table, retired)
    catalogue, source, retired = _merged(old, additions, retired)
    trained = trained_part(model, old.size)
    encoder = RefreshedEncoder(
        trained,
        report["window"],
        np.concatenate([table, additions.vectors])[source],
        *_stand_ins(trained, table, additions, source),
    )
    facts = {key: report[key] for key in ("run", "data", "encoder", "metrics")}
    facts["refreshed"] = {
        "from": str(folder),
        "added": len(additions.ids),
        "retired": len(additions.retired),
    }
    facts["retired"] = catalogue.ids[retired[1:]].tolist()
    print(_said(additions, old, report), file=sys.stderr)
    files = [artifact.extra / name for name in (TRAINING_CARD, *CARDS[1:])]
    cards = {file.name: file.read_bytes() for file in files if file.is_file()}
    options = _options(folder, report, catalogue)
    return export_encoder(encoder, catalogue, options, facts, cards)


class Trained(tf.Module):
    """What a version was trained with, however often it has been refreshed.

    Args:
        encode_rows: a restored function from ragged rows that it has learnt to vectors.
        variables: what that needs.
        stand_ins: (items + 1,) int32, the learnt row that is read for each row.
        learnt: (items + 1,) bool, whether that is the row of the item itself.
    """

    def __init__(self, encode_rows, variables: list, stand_ins: np.ndarray, learnt: np.ndarray):
        super().__init__()
        self.encode_rows, self.encoder_variables = encode_rows, variables
        self.stand_ins = tf.Variable(stand_ins, trainable=False)
        self.learnt = tf.Variable(learnt, trainable=False)


def trained_part(model, items: int) -> Trained:
    """The trained part of a restored SavedModel, so that no refresh lies on top of another."""
    if hasattr(model, "trained"):
        return model.trained
    rows = np.arange(items + 1, dtype=np.int32)
    needed = {
        id(tensor)
        for each in model.encode_rows.concrete_functions
        for tensor in each.captured_inputs
    }
    variables = [each for each in model.encoder_variables if id(each.handle) in needed]
    return Trained(model.encode_rows, variables, rows, rows >= 0)


class RefreshedEncoder:
    """A trained encoder that reads rows of a new catalogue as rows that it has learnt.

    Args:
        trained: of the published version.
        window: most recent items of a history that are read.
        vectors: (items + 1, dim) float32, the new item table.
        stand_ins: (items + 1,) int32, the learnt row that is read for each new row.
        learnt: (items + 1,) bool, whether that is the row of the item itself.
    """

    def __init__(
        self,
        trained: Trained,
        window: int,
        vectors: np.ndarray,
        stand_ins: np.ndarray,
        learnt: np.ndarray,
    ):
        self.window, self.dim = window, vectors.shape[1]
        self.trained = Trained(trained.encode_rows, trained.encoder_variables, stand_ins, learnt)
        self.tensorflow_variables = [*trained.encoder_variables, self.trained.stand_ins]
        # Not among those: what is found in cells, or in lower precision, is not kept twice.
        self.table = tf.Variable(vectors, trainable=False)

    def item_table(self) -> tf.Tensor:
        """(items + 1, dim) float32, row 0 zeros."""
        return tf.convert_to_tensor(self.table)

    def encode(self, histories: tf.RaggedTensor | tf.Tensor) -> tf.Tensor:
        """Rows of the new catalogue, ragged (batch, None) or padded, -> (batch, dim) float32."""
        if not isinstance(histories, tf.RaggedTensor):
            histories = from_padded(histories)
        stand_ins = tf.gather(self.trained.stand_ins, histories.flat_values)
        return self.trained.encode_rows(drop_padding(histories.with_flat_values(stand_ins)))


def _catalogue(model, report: dict) -> Catalogue:
    """The catalogue of a published model; popularity stands for the counts."""
    ids = model.ids.numpy()[1:]
    texts = ids.dtype == object
    return Catalogue(
        ids=np.array([raw.decode() for raw in ids], object) if texts else ids,
        titles=np.array([title.decode() for title in model.titles.numpy()[1:]], object),
        counts=model.popularity.numpy()[1:],
        id_name=report["id_name"],
        categories=_categories(model, len(ids)),
        withheld=~model.allowed.numpy()[1:] if hasattr(model, "allowed") else None,
    )


def _categories(model, items: int) -> np.ndarray | None:
    if not hasattr(model, "categories"):
        return None
    members, splits = model.categories.members.numpy(), model.categories.splits.numpy()
    of_row = [[] for _ in range(items + 1)]
    for number, name in enumerate(model.categories.names.numpy(), start=1):
        for row in members[splits[number] : splits[number + 1]]:
            of_row[row].append(name.decode())
    return np.array(["|".join(names) for names in of_row[1:]], object)


def _retired(model, report: dict) -> np.ndarray:
    """(items + 1,) bool: what was retired, and would be recommended if it had not been."""
    ids = model.ids.numpy()
    if "retired" not in report:  # written before that was kept, when lists withheld nothing else
        refreshed = "refreshed" in report and hasattr(model, "allowed")
        return ~model.allowed.numpy() & (np.arange(len(ids)) > 0) if refreshed else ids != ids
    known = pd.Index([raw.decode() if isinstance(raw, bytes) else raw for raw in ids.tolist()])
    found = np.zeros(len(ids), bool)
    found[known.get_indexer(report["retired"])] = True
    return found


def _merged(
    old: Catalogue, additions: Additions, retired: np.ndarray
) -> tuple[Catalogue, np.ndarray, np.ndarray]:
    """The new catalogue, where its rows come from, and which are retired: (items + 1,) each.

    Sources are rows of the old table, then those of the added vectors.
    """
    left_out = additions.ids[additions.categories != ""].tolist()
    if old.categories is None and left_out:
        warn(
            f"--refresh-items: categories of {len(left_out):,} of {len(additions.ids):,} added "
            f"items are left out, as the model was exported without; the first: "
            f"{shown(left_out[0])}."
        )
    again = additions.rows > 0
    new, back = np.flatnonzero(~again), additions.rows[again]
    retired, never = retired.copy(), old.never()
    retired[back] = never[back] = False
    retired[additions.retired] |= ~never[additions.retired]
    if (never | retired)[1:].all() and not len(new):
        raise InputError(
            "--refresh-items: expected an item that may be recommended, in the end. Received: none."
        )

    ids = np.concatenate([old.ids, additions.ids[new]])
    order = np.argsort(ids, kind="stable")

    def merge(column: np.ndarray, added: np.ndarray) -> np.ndarray:
        column = column.copy()
        column[back - 1] = added[again]
        return np.concatenate([column, added[new]])[order]

    nothing, rows = np.zeros(len(new), bool), np.arange(1, old.size + 1)
    sources = old.size + 1 + np.arange(len(additions.ids))
    retired = np.concatenate([retired[1:], nothing])[order]
    catalogue = Catalogue(
        ids=ids[order],
        titles=merge(old.titles, additions.titles),
        counts=np.concatenate([old.counts, np.zeros(len(new), np.float32)])[order],
        id_name=old.id_name,
        categories=None if old.categories is None else merge(old.categories, additions.categories),
        withheld=np.concatenate([never[1:], nothing])[order] | retired,
    )
    return catalogue, np.append(0, merge(rows, sources)), np.append(False, retired)


def _stand_ins(
    trained: Trained, table: np.ndarray, additions: Additions, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What is read for each row of the new catalogue, and whether it is the item itself.

    Added items are read as the learnt one most like them by the cosine; an item that was learnt, or
    has its old vector, is read as before.
    """
    stand_ins, learnt = trained.stand_ins.numpy(), trained.learnt.numpy()
    before = learnt[additions.rows] & (additions.rows > 0) | ~additions.moved
    read = np.where(before, stand_ins[additions.rows], 0)
    others = np.flatnonzero(~before)
    read[others] = stand_ins[_most_like(additions.vectors[others], table, learnt)]
    known = learnt[additions.rows] & (additions.rows > 0)
    return np.append(stand_ins, read)[source].astype(np.int32), np.append(learnt, known)[source]


def _most_like(vectors: np.ndarray, table: np.ndarray, learnt: np.ndarray) -> np.ndarray:
    """The learnt row most like each of the vectors by the cosine, so many at a time as fit."""
    norms, size = norms_of(table), max(1, SCORES // len(table))
    unfit = ~learnt | (np.arange(len(table)) == 0)
    found = np.zeros(len(vectors), np.int64)
    for start in range(0, len(vectors), size):
        scores = vectors[start : start + size] @ table.T / norms
        scores[:, unfit] = -np.inf
        found[start : start + size] = scores.argmax(axis=1)
    return found


def _said(additions: Additions, old: Catalogue, report: dict) -> str:
    """The line on stderr."""
    again, retired = int((additions.rows > 0).sum()), len(additions.retired)
    idle = int(old.never()[additions.retired].sum())
    text = f"refresh: {len(additions.ids) - again} added, {again} added again, {retired} retired"
    text += f" ({idle} of them not recommended before either)" if idle else ""
    if report["retrieval"].get("probes"):
        text += "; as many cells are looked into as before, and recall is not measured anew"
    return text


def _options(folder: Path, report: dict, catalogue: Catalogue) -> ExportOptions:
    """Those of the published version."""
    retrieval = report["retrieval"]
    return ExportOptions(
        output=folder.parent.parent,
        name=folder.parent.name,
        k=report["k"],
        id_name=report["id_name"],
        categories=catalogue.categories is not None,
        retrieval=retrieval["kind"],
        precision=retrieval["precision"],
        cells=retrieval["asked_cells"] if "asked_cells" in retrieval else retrieval.get("cells"),
        probes=retrieval.get("probes"),
        repeats=report.get("repeats", False),
    )
