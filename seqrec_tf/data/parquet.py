"""Parquet, with the file's own types. Needs the extra `parquet`."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pandas as pd

from seqrec_tf.data.table_files import CHUNK_ROWS, chosen_columns
from seqrec_tf.errors import InputError

if TYPE_CHECKING:
    import pyarrow


class ParquetReader:
    """Reads files that are parts of one table, so that their types must agree.

    Args:
        path: the table, for messages.
        columns: flag that names a column -> the column; None for all columns, without an index
            of pandas that has no name.
        rows: records a piece; None: as many as suit the format.
    """

    def __init__(self, path: Path, columns: dict[str, str] | None, rows: int | None):
        self._arrow = import_pyarrow(path)
        self._columns = columns
        self._rows = rows or CHUNK_ROWS
        self._kinds: dict[str, tuple[str, Path]] = {}

    def read(self, file: Path, elsewhere: dict[str, str | None]) -> Iterator[pd.DataFrame]:
        """Read a file, piece by piece.

        Args:
            file: the file.
            elsewhere: columns that it need not have.

        Yields:
            Wanted columns of consecutive records, with the file's own types.

        Raises:
            InputError: as `seqrec_tf.data.tables.read_table`.
        """
        try:
            with self._arrow.parquet.ParquetFile(file) as parquet:
                schema = parquet.schema_arrow
                wanted = self._wanted(file, schema, elsewhere)
                for name in wanted:
                    self._check(file, name, schema.field(name).type)
                for batch in parquet.iter_batches(self._rows, columns=wanted):
                    plain = self._plain(batch.select(wanted))
                    # Integers as objects: else a missing value would make floats of them.
                    yield plain.to_pandas(integer_object_nulls=True, ignore_metadata=True)
        except self._arrow.ArrowException as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{file}: expected a Parquet file. Received: {reason}.") from error

    def _wanted(
        self, file: Path, schema: "pyarrow.Schema", elsewhere: dict[str, str | None]
    ) -> list[str]:
        index = (schema.pandas_metadata or {}).get("index_columns", [])
        if self._columns is None:
            unnamed = {name for name in index if str(name).startswith("__index_level_")}
            return chosen_columns(file, [n for n in schema.names if n not in unnamed], None)
        ranges = {level.get("name") for level in index if isinstance(level, dict)}
        for flag, column in self._columns.items():
            if column in ranges and column not in (*schema.names, *elsewhere):
                raise InputError(
                    f"{file}: expected a column {column!r} ({flag} names another). Received: a "
                    "range of pandas, whose values are not in the file; reset_index() makes a "
                    "column of it."
                )
        return chosen_columns(file, schema.names, self._columns, elsewhere)

    def _check(self, file: Path, name: str, kind: "pyarrow.DataType") -> None:
        """Make sure that a column is of one kind in all files."""
        found = self._kind(kind)
        if found.endswith("null"):  # nothing but missing values, or empty lists
            return
        before, first = self._kinds.setdefault(name, (found, file))
        if found != before:
            raise InputError(
                f"{file}, column {name!r}: expected {before}, as in {first}. Received: {found}."
            )

    def _kind(self, kind: "pyarrow.DataType") -> str:
        types = self._arrow.types
        if types.is_dictionary(kind):
            return self._kind(kind.value_type)
        if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
            return f"lists of {self._kind(kind.value_type)}"
        names = {
            "integers": types.is_integer(kind),
            "floating point numbers": types.is_floating(kind),
            "decimal numbers": types.is_decimal(kind),
            "texts": types.is_string(kind) or types.is_large_string(kind),
            "times": types.is_timestamp(kind),
        }
        return next((name for name, fits in names.items() if fits), str(kind))

    def _plain(self, batch: "pyarrow.RecordBatch") -> "pyarrow.RecordBatch":
        """Dictionaries as their values, and times of all zones in UTC."""
        types = self._arrow.types
        for place, field in enumerate(batch.schema):
            kind = field.type
            if types.is_dictionary(kind):
                kind = kind.value_type
            elif types.is_timestamp(kind):
                kind = self._arrow.timestamp(kind.unit)
            if kind != field.type:
                batch = batch.set_column(place, field.name, batch.column(place).cast(kind))
        return batch


def import_pyarrow(path: Path) -> ModuleType:
    """`pyarrow` with its module `parquet`, which are an extra.

    Raises:
        InputError: they are not installed; names `path`, the file that needs them.
    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise InputError(
            f"{path}: Parquet needs pyarrow; expected it installed: pip install "
            "'seqrec-tf[parquet]'."
        ) from error
    return pyarrow
