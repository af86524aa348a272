"""Parts of a Parquet file: whole or not there, of one job only, joined by row groups."""

import fcntl
import json
import os

import pyarrow as pa
import pytest
from pyarrow import parquet

from export.batch import parts as module
from export.batch.parts import Parts
from seqrec_tf.errors import InputError

SCHEMA = pa.schema({"n": pa.int64()})


@pytest.fixture
def parts(tmp_path) -> Parts:
    return made(tmp_path)


def made(tmp_path, **settings) -> Parts:
    """Parts of a job with --k 4, or with what `settings` say."""
    paths = {"--model": tmp_path / "m"}
    chosen = {"--model": "a" * 64, "--k": 4, **{f"--{flag}": v for flag, v in settings.items()}}
    return Parts(tmp_path / "all.parquet", chosen, paths)


def table(*numbers: int) -> pa.Table:
    return pa.table({"n": numbers}, SCHEMA)


def begin(parts: Parts) -> None:
    with parts.locked():
        assert not parts.begun(force=False)
        parts.histories.write_text("sorted")
        parts.begin()


def test_parts_are_joined_in_their_order_by_row_groups(parts, monkeypatch):
    monkeypatch.setattr(module, "GROUP_ROWS", 3)
    begin(parts)
    parts.write(1, iter([table(8, 9)]), SCHEMA)
    parts.write(0, iter([table(1), table(2, 3), table(4), table()]), SCHEMA)
    parts.write(2, iter([]), SCHEMA)  # nobody got a recommendation
    parts.join(3)
    parts.remove()
    joined = parquet.ParquetFile(parts.output)
    assert joined.read().column("n").to_pylist() == [1, 2, 3, 4, 8, 9]
    sizes = [joined.metadata.row_group(n).num_rows for n in range(joined.num_row_groups)]
    assert sizes == [3, 1, 2]
    assert [path.name for path in parts.output.parent.iterdir()] == ["all.parquet"]


def test_the_output_says_what_it_was_made_from(parts):
    begin(parts)
    parts.write(0, iter([]), SCHEMA)
    parts.join(1)
    facts = parquet.read_schema(parts.output).metadata[b"made_from.json"]
    assert json.loads(facts) == parts.settings


def test_what_a_name_stands_for_is_on_the_disk_before_the_name_is(parts, operations):
    """And the output's name before the parts are removed: a power failure loses no answer."""
    begin(parts)
    assert ("sync", parts.histories) in operations and ("sync", parts.folder) in operations
    parts.write(0, iter([table(1)]), SCHEMA)
    parts.join(1)
    renamed = [entry for entry in operations if entry[0] == "rename"][-2:]
    assert [target for _, _, target in renamed] == [parts.path(0), parts.output]
    for entry in renamed:
        place = operations.index(entry)
        assert operations[place - 1] == ("sync", entry[1])
        assert operations[place + 1] == ("sync", entry[2].parent)


def test_a_failure_leaves_no_part(parts):
    def failing():
        yield table(1)
        raise RuntimeError

    begin(parts)
    with pytest.raises(RuntimeError):
        parts.write(0, failing(), SCHEMA)
    assert not parts.path(0).exists()
    parts.write(0, iter([table(7)]), SCHEMA)
    assert parquet.read_table(parts.path(0)).column("n").to_pylist() == [7]


def test_the_same_job_goes_on_and_another_one_says_what_differs(parts, tmp_path):
    begin(parts)
    parts.write(0, iter([]), SCHEMA)
    assert made(tmp_path).begun(force=False) and made(tmp_path).begun(force=True)
    with pytest.raises(InputError) as caught:
        made(tmp_path, k=5).begun(force=False)
    assert str(caught.value) == (
        f"--k: {parts.folder} was begun with 4; expected the same, or --force to start anew. "
        "Received: 5."
    )
    with pytest.raises(
        InputError, match=rf"with {tmp_path}/m \(sha256 aaaaaaaaaaaa\.\.\.\); .*bbb"
    ):
        made(tmp_path, model="b" * 64).begun(force=False)
    with pytest.raises(InputError, match="--time-column: .* begun with none; .* Received: at."):
        made(tmp_path, **{"time-column": "at"}).begun(force=False)
    assert parts.path(0).exists()
    assert not made(tmp_path, k=5).begun(force=True)
    assert list(parts.folder.iterdir()) == []


def test_what_was_killed_before_the_histories_were_complete_starts_anew(parts):
    parts.folder.mkdir()
    parts.histories.write_text("half")
    (parts.folder / ".made_from.json-partial").write_text("{")
    assert not parts.begun(force=False)
    assert list(parts.folder.iterdir()) == []


def test_files_of_somebody_else_are_not_removed(parts):
    parts.folder.mkdir()
    (parts.folder / "thesis.tex").write_text("?")
    with pytest.raises(InputError, match="nothing but parts. Received: thesis.tex"), parts.locked():
        pass
    assert (parts.folder / "thesis.tex").exists()


def test_one_process_at_a_time(parts):
    parts.folder.mkdir()
    handle = os.open(parts.folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(InputError, match="expected no other process at work on it"), parts.locked():
        pass
    os.close(handle)
    with parts.locked():
        pass


def test_an_output_is_replaced_by_force_only_and_a_folder_never(parts, tmp_path):
    parts.require_free(force=False)
    parts.output.write_text("mine")
    with pytest.raises(InputError, match="--output: .*all.parquet exists; .* Received: a file"):
        parts.require_free(force=False)
    parts.require_free(force=True)
    parts.output.unlink()
    parts.output.mkdir()
    with pytest.raises(InputError, match="Received: a folder"):
        parts.require_free(force=True)


def test_a_kill_after_the_join_leaves_a_finished_job(parts, tmp_path):
    begin(parts)
    parts.write(0, iter([]), SCHEMA)
    parts.join(1)
    parts.require_free(force=False)
    assert parts.joined()
    other = made(tmp_path, k=5)
    assert not other.joined()
    with pytest.raises(InputError, match="exists"):
        other.require_free(force=False)
    parts.remove()
    assert not parts.joined()
    with pytest.raises(InputError, match="exists"):
        parts.require_free(force=False)
