"""Parquet, with the file's own types. Needs the extra `parquet`."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd

from seqrec_tf.data.table_files import chosen_columns
from seqrec_tf.errors import InputError


def read_parquet(
    path: Path, columns: dict[str, str] | None, rows: int | None
) -> Iterator[pd.DataFrame]:
    """Read a Parquet file, piece by piece.

    Args:
        path: the file.
        columns: flag that names a column -> the column; None for all columns.
        rows: records a piece; None for all at once.

    Yields:
        Wanted columns of consecutive records, with the file's own types.

    Raises:
        InputError: as `seqrec_tf.data.tables.read_table`.
    """
    pyarrow = import_pyarrow(path)
    try:
        wanted = chosen_columns(path, pyarrow.parquet.read_schema(path).names, columns)
        if rows is None:
            # Nullable types: else a missing value would make floats of whole numbers.
            yield pd.read_parquet(path, columns=wanted, dtype_backend="numpy_nullable")
            return
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(rows, columns=wanted):
                # The same care, in types that also hold lists.
                yield batch.to_pandas(integer_object_nulls=True, ignore_metadata=True)
    except pyarrow.ArrowException as error:
        raise InputError(f"{path}: expected a Parquet file. Received: {error}.") from error


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
