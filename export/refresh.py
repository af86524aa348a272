"""Add and retire items of a published model without training: a new version, proven.

    python -m export --refresh-items new_items.csv --version-of models/seqrec

A row an item: `id`, and for one to add a `vector` (numbers, spaces between them, or a list) or
`neighbours` (ids it is like, `|` between them, or a list, whose vectors are averaged), and a
`title` and `categories` if you like; for one to retire `action` is `retire`. A retired item is
never recommended but still read in histories. In a history an added item is read as the old one
most like it, because the encoder has not learnt it; for people without a history it comes after
all others.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

from export.additions import Additions, read_additions
from export.artifact import REPORT, require_savedmodel
from export.exporter import TRAINING_CARD, export_encoder
from export.options import ExportOptions
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.notices import shown, warn
from seqrec_tf.errors import InputError
from seqrec_tf.json_files import read_json
from seqrec_tf.ragged import drop_padding, from_padded
from seqrec_tf.run_directory import CARDS


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
    old = _catalogue(model, report)
    table = model.item_vectors(tf.range(old.size + 1)).numpy()
    additions = read_additions(items, old, table)
    catalogue, source = _merged(old, additions)
    vectors = np.concatenate([table, additions.vectors])[source]
    encoder = RefreshedEncoder(model, report["window"], vectors, _stand_ins(table, vectors, source))
    options = _options(folder, report, catalogue)
    facts = {key: report[key] for key in ("run", "data", "encoder", "metrics")}
    facts["refreshed"] = {
        "from": str(folder),
        "added": len(additions.ids),
        "retired": len(additions.retired),
    }
    files = [artifact.extra / name for name in (TRAINING_CARD, *CARDS[1:])]
    cards = {file.name: file.read_bytes() for file in files if file.is_file()}
    return export_encoder(encoder, catalogue, options, facts, cards)


class RefreshedEncoder:
    """A published encoder that reads rows of a new catalogue as rows of its own.

    Args:
        model: the restored SavedModel.
        window: most recent items of a history that are read.
        vectors: (items + 1, dim) float32, the new item table.
        stand_ins: (items + 1,) int32, the row that the published encoder reads for each new row.
    """

    def __init__(self, model, window: int, vectors: np.ndarray, stand_ins: np.ndarray):
        self.window, self.dim = window, vectors.shape[1]
        self._model = model
        self._stand_ins = tf.Variable(stand_ins, trainable=False)
        self._table = tf.Variable(vectors, trainable=False)
        self.tensorflow_variables = [*model.encoder_variables, self._stand_ins, self._table]

    def item_table(self) -> tf.Tensor:
        """(items + 1, dim) float32, row 0 zeros."""
        return tf.convert_to_tensor(self._table)

    def encode(self, histories: tf.RaggedTensor | tf.Tensor) -> tf.Tensor:
        """Rows of the new catalogue, ragged (batch, None) or padded, -> (batch, dim) float32."""
        if not isinstance(histories, tf.RaggedTensor):
            histories = from_padded(histories)
        read = histories.with_flat_values(tf.gather(self._stand_ins, histories.flat_values))
        return self._model.encode_rows(drop_padding(read))


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


def _merged(old: Catalogue, additions: Additions) -> tuple[Catalogue, np.ndarray]:
    """The new catalogue, and where each of its rows comes from: (items + 1,).

    Sources are rows of the old table, then those of the added vectors.
    """
    left_out = additions.ids[additions.categories != ""].tolist()
    if old.categories is None and left_out:
        warn(
            f"--refresh-items: categories of {len(left_out):,} of {len(additions.ids):,} added "
            f"items are left out, as the model was exported without; the first: "
            f"{shown(left_out[0])}."
        )
    ids = np.concatenate([old.ids, additions.ids])
    order = np.argsort(ids, kind="stable")
    withheld = old.never()[1:] | np.isin(old.ids, additions.retired)
    extend = lambda column, added: np.concatenate([column, added])[order]  # noqa: E731
    catalogue = Catalogue(
        ids=ids[order],
        titles=extend(old.titles, additions.titles),
        counts=extend(old.counts, np.zeros(len(additions.ids), np.float32)),
        id_name=old.id_name,
        categories=None if old.categories is None else extend(old.categories, additions.categories),
        withheld=extend(withheld, np.zeros(len(additions.ids), bool)),
    )
    return catalogue, np.concatenate([[0], order + 1])


def _stand_ins(table: np.ndarray, vectors: np.ndarray, source: np.ndarray) -> np.ndarray:
    """The old row that is read for each new row: itself, or the one most like it by the cosine."""
    rows = source.copy()
    added = np.flatnonzero(source >= len(table))
    unit = table[1:] / np.maximum(np.linalg.norm(table[1:], axis=1, keepdims=True), 1e-12)
    if len(added):
        rows[added] = (vectors[added] @ unit.T).argmax(axis=1) + 1
    return rows.astype(np.int32)


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
        cells=retrieval.get("cells"),
        probes=retrieval.get("probes"),
        repeats=report.get("repeats", False),
    )
