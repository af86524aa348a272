"""The job of `python -m export.batch`: read, sort, ask the model part by part, join."""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from export.artifact.documents import Golden, Report
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
from export.batch.options import BatchOptions
from seqrec_tf.data.logs import LOWEST_USER
from seqrec_tf.data.notices import shown, texts_line
from seqrec_tf.data.parquet import import_pyarrow
from seqrec_tf.data.table_paths import find_files
from seqrec_tf.errors import InputError, warn
from seqrec_tf.screen import loading_tensorflow
from seqrec_tf.settings.config import DataConfig

if TYPE_CHECKING:
    from export.batch.parts import Parts
    from export.batch.scoring import Scorer


def batch_score(
    model: str | os.PathLike,
    histories: str | os.PathLike,
    output: str | os.PathLike,
    options: BatchOptions | None = None,
    *,
    force: bool = False,
) -> Path:
    """Recommend to every user of a log, into a Parquet file.

    Its columns are `user`, `rank` (from 1), the item's id, `title` and `score`, users ascending.
    After a kill the same call goes on, from `OUTPUT.parts`.

    Args:
        model: folder of an exported SavedModel's version, or of the model (its largest version).
        histories: a table, or a folder or pattern of some: an interaction a row in any order, or,
            with `history_column`, a user a row with the list of their items.
        output: the file to write, FILE.parquet.
        options: columns, k and batches; None takes the defaults.
        force: whether to replace the output, and parts of another job.

    Returns:
        The finished file.

    Raises:
        InputError: a model, histories or options that do not make sense; nothing is left then.
    """
    model, output, options = Path(model), Path(output), options or BatchOptions()
    _require_sound(Path(histories), output, options)
    artifact = _version(model)
    folder, extra = artifact.folder, artifact.extra
    golden = Golden.read(extra / GOLDEN)
    report = Report.read(extra / REPORT)
    k = _chosen_k(options.k, report)
    _require_read(options.now, report, folder)
    source = _source(Path(histories), options, golden.id_type)
    settings: dict[str, int | str] = {
        "--model": digest(extra / MANIFEST),
        "--histories": _digest(source.path),
        **source.columns,
        "--k": k,
        **({} if options.now is None else {"--now": options.now}),
        # Sums over batches of another size may differ in the last bit.
        "--batch-size": options.batch_size,
        "--users-a-part": options.users_a_part,
    }
    from export.batch.parts import Parts  # which needs pyarrow, an extra

    parts = Parts(output, settings, {"--model": folder, "--histories": source.path})
    parts.require_free(force)
    with parts.locked():
        if force or not parts.joined():
            if not parts.begun(force):
                _read(source, parts)
            _score(parts, folder, golden, _timed(report, options))
        parts.remove()
    return output


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


def _chosen_k(k: int | None, report: Report) -> int:
    k = report.k if k is None else k
    if not 1 <= k <= report.items:
        raise InputError(
            f"--k: expected 1 to {report.items}, the size of the catalogue. Received: {k}."
        )
    return k


def _require_read(now: int | None, report: Report, folder: Path) -> None:
    """Refuse a time that nothing would read."""
    if now is not None and not report.reads_times:
        raise InputError(
            f"--now: expected a model that was trained with --time-bias. Received: {folder}."
        )


def _timed(report: Report, options: BatchOptions) -> bool:
    """Whether the model is told times: those of a list are none."""
    return report.reads_times and options.history_column is None


def _source(path: Path, options: BatchOptions, id_type: str) -> Source:
    lists = options.history_column
    return Source(
        path=path,
        user_column=options.user_column,
        item_column=None if lists else options.item_column or DataConfig.item_column,
        time_column=None if lists else options.time_column or DataConfig.time_column,
        history_column=lists,
        id_type=id_type,
    )


def _require_sound(histories: Path, output: Path, options: BatchOptions) -> None:
    options.require_sound()
    if output.suffix != ".parquet":
        raise InputError(f"--output: expected a name that ends in .parquet. Received: {output}.")
    find_files(histories, "--histories")
    import_pyarrow(output)


def _read(source: Source, parts: "Parts") -> None:
    try:
        write_histories(source, parts.histories)
    except Exception:
        parts.remove()
        raise
    parts.begin()


def _score(parts: "Parts", folder: Path, golden: Golden, timed: bool) -> None:
    """Write the parts that are missing, and join all of them."""
    histories, size = Histories(parts.histories), int(parts.settings["--users-a-part"])
    count = -(-histories.users // size)
    ends = {n: (n * size + 1, min((n + 1) * size, histories.users)) for n in range(count)}
    missing = {n: users for n, users in ends.items() if not parts.path(n).exists()}
    done = histories.users - sum(last - first + 1 for first, last in missing.values())
    print(f"{histories.users:,} users, {done:,} of them done before", file=sys.stderr)
    if missing:
        _say_texts(histories, parts)
        now = int(parts.settings.get("--now", histories.newest())) if timed else None
        k = int(parts.settings["--k"])
        scorer = _scorer(k, histories.user_type, folder, golden, now)
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


def _say_texts(histories: Histories, parts: "Parts") -> None:
    if histories.user_type == "string" and (
        found := texts_line(map(str, histories.each_user()), LOWEST_USER)
    ):
        column = parts.settings["--user-column"]
        warn(f"--histories {parts.paths['--histories']}, column {column!r}: {found[0]}.")


def _scorer(k: int, user_type: str, folder: Path, golden: Golden, now: int | None) -> "Scorer":
    loading_tensorflow()
    from export.batch.scoring import Scorer, answer_schema

    schema = answer_schema(golden.id_name, golden.id_type, user_type)
    return Scorer(folder, golden.id_name, schema, None if k == golden.k else k, now)


def _rows(settings: dict) -> int:
    """Histories a batch, which the graph bounds whatever `--batch-size` says."""
    from export.graph.bounds import rows_a_request

    return min(settings["--batch-size"], rows_a_request(settings["--k"]))


def _counted(batches: Iterable[tuple], progress: tqdm) -> Iterator:
    for _, users, table in batches:
        yield table
        progress.update(users)
