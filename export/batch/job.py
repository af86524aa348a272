"""The job of `python -m export.batch`: read, sort, ask the model part by part, join."""

import argparse
import hashlib
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from tqdm import tqdm

from export.artifact.manifest import NAME as MANIFEST
from export.artifact.manifest import digest
from export.artifact.version import (
    GOLDEN,
    REPORT,
    SAVEDMODEL,
    Artifact,
    find_artifact,
    version_folder,
)
from export.batch.histories import Histories, Source, write_histories
from export.batch.parts import Parts
from seqrec_tf.data.logs import LOWEST_USER
from seqrec_tf.data.notices import shown, texts_line
from seqrec_tf.data.table_paths import find_files
from seqrec_tf.errors import InputError, warn
from seqrec_tf.json_files import read_json
from seqrec_tf.settings.config import DataConfig


def recommend_to_all(arguments: argparse.Namespace) -> Path:
    """Recommend as the flags of `export.batch` say; returns the finished Parquet file.

    Raises:
        InputError: a model or histories that do not make sense; nothing is left then.
    """
    artifact = _version(arguments.model)
    folder, extra = artifact.folder, artifact.extra
    golden = read_json(extra / GOLDEN)
    k = _chosen_k(arguments.k, read_json(extra / REPORT))
    source = _source(arguments, golden["id_type"])
    settings = {
        "--model": digest(extra / MANIFEST),
        "--histories": _digest(source.path),
        **source.columns,
        "--k": k,
        # Sums over batches of another size may differ in the last bit.
        "--batch-size": arguments.batch_size,
        "--users-a-part": arguments.users_a_part,
    }
    parts = Parts(arguments.output, settings, {"--model": folder, "--histories": source.path})
    parts.require_free(arguments.force)
    with parts.locked():
        if arguments.force or not parts.joined():
            if not parts.begun(arguments.force):
                _read(source, parts)
            _score(parts, folder, golden)
        parts.remove()
    return arguments.output


def _digest(path: Path) -> str:
    """SHA-256 of a file; of several, that of their names and digests."""
    _, files = find_files(path, "--histories")
    if files == [path]:
        return digest(path)
    lines = "".join(f"{digest(file)} {file}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def _version(model: Path) -> Artifact:
    """The SavedModel that `model` is, or the largest version in it."""
    artifact = find_artifact(version_folder(model))
    if artifact.kind != SAVEDMODEL:
        raise InputError(
            f"--model: expected a SavedModel, as `python -m export --format savedmodel` writes. "
            f"Received: the LiteRT file of {artifact.folder}."
        )
    return artifact


def _chosen_k(k: int | None, report: dict) -> int:
    k = report["k"] if k is None else k
    if not 1 <= k <= report["items"]:
        raise InputError(
            f"--k: expected 1 to {report['items']}, the size of the catalogue. Received: {k}."
        )
    return k


def _source(arguments: argparse.Namespace, id_type: str) -> Source:
    lists = arguments.history_column
    return Source(
        path=arguments.histories,
        user_column=arguments.user_column,
        item_column=None if lists else arguments.item_column or DataConfig.item_column,
        time_column=None if lists else arguments.time_column or DataConfig.time_column,
        history_column=lists,
        id_type=id_type,
    )


def _read(source: Source, parts: Parts) -> None:
    try:
        write_histories(source, parts.histories)
    except Exception:
        parts.remove()
        raise
    parts.begin()


def _score(parts: Parts, folder: Path, golden: dict) -> None:
    """Write the parts that are missing, and join all of them."""
    histories, size = Histories(parts.histories), parts.settings["--users-a-part"]
    count = -(-histories.users // size)
    ends = {n: (n * size + 1, min((n + 1) * size, histories.users)) for n in range(count)}
    missing = {n: users for n, users in ends.items() if not parts.path(n).exists()}
    done = histories.users - sum(last - first + 1 for first, last in missing.values())
    print(f"{histories.users:,} users, {done:,} of them done before", file=sys.stderr)
    if missing:
        _say_texts(histories, parts)
        scorer = _scorer(parts.settings["--k"], histories.user_type, folder, golden)
        waiting = ((number, histories.between(*users)) for number, users in missing.items())
        answers = scorer.answers(waiting, _rows(parts.settings))
        with tqdm(total=histories.users, initial=done, unit=" users", disable=None) as progress:
            for number, batches in groupby(answers, key=itemgetter(0)):
                parts.write(number, _counted(batches, progress), scorer.schema)
                if progress.disable:  # no terminal
                    last = ends[number][1]
                    print(f"part {number + 1} of {count}: {last:,} users", file=sys.stderr)
        if 2 * scorer.unknown > scorer.asked:
            warn(
                f"--histories {parts.paths['--histories']}: {scorer.unknown:,} of "
                f"{scorer.asked:,} items are not in the catalogue of {folder}; the first: "
                f"{shown(scorer.first_unknown)}."
            )
    parts.join(count)


def _say_texts(histories: Histories, parts: Parts) -> None:
    if histories.user_type == "string" and (
        found := texts_line(histories.each_user(), LOWEST_USER)
    ):
        column = parts.settings["--user-column"]
        warn(f"--histories {parts.paths['--histories']}, column {column!r}: {found[0]}.")


def _scorer(k: int, user_type: str, folder: Path, golden: dict):
    print("loading TensorFlow", file=sys.stderr)
    from export.batch.scoring import Scorer, answer_schema

    schema = answer_schema(golden["id_name"], golden["id_type"], user_type)
    return Scorer(folder, golden["id_name"], schema, None if k == golden["k"] else k)


def _rows(settings: dict) -> int:
    """Histories a batch, which the graph bounds whatever `--batch-size` says."""
    from export.graph.bounds import rows_a_request

    return min(settings["--batch-size"], rows_a_request(settings["--k"]))


def _counted(batches: Iterable[tuple], progress: tqdm) -> Iterator:
    for _, users, table in batches:
        yield table
        progress.update(users)
