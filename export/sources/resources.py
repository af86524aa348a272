"""Whether what an encoder's graph holds and runs can be carried by an artifact to any server."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow.types.experimental import ConcreteFunction

from export.proof.ops import PYTHON_OPS, op_counts_of
from export.proof.runner import signature_caller
from seqrec_tf.errors import InputError
from seqrec_tf.folders import temporary_folder

# What opens a file by its name, which a server's machine need not have.
FILE_OPS = frozenset(
    """
    FixedLengthRecordDataset FixedLengthRecordDatasetV2 FixedLengthRecordReaderV2
    InitializeTableFromTextFileV2 MatchingFiles ReadFile TFRecordDataset TFRecordDatasetV2
    TFRecordReaderV2 TextLineDataset TextLineReaderV2 WholeFileReaderV2 WriteFile
    """.split()  # noqa: SIM905
)


def require_stock_ops(traced: ConcreteFunction, held: list) -> None:
    """Check that a server can run a function, which has stock TensorFlow and its own files only.

    Raises:
        InputError: ops that run Python, that others have added, or that read files by name.
    """
    ops = set(op_counts_of(traced.graph.as_graph_def()))
    strange = {op for op in ops if op in PYTHON_OPS or not hasattr(tf.raw_ops, op)}
    if strange:
        raise InputError(
            "encoder: expected ops of stock TensorFlow, without Python (py_function and the like) "
            f"and without other libraries. Received: {', '.join(sorted(strange))}."
        )
    if ops & FILE_OPS and not any(isinstance(one, tf.saved_model.Asset) for one in held):
        raise InputError(
            "encoder: expected files to be read as tf.saved_model.Asset, which an artifact "
            f"carries. Received: {', '.join(sorted(ops & FILE_OPS))} of a path."
        )


def require_carried(encode: Callable, rows: np.ndarray, held: list, variables: list) -> None:
    """Save a function with what it holds, aside, and ask the copy as TensorFlow Serving would.

    Args:
        encode: (batch, length) int32 -> (batch, dim).
        rows: what is asked.
        held: of `export.graph.held.held_by`.
        variables: its others.

    Raises:
        InputError: it cannot be saved, or the copy answers otherwise: a table came back empty.
    """
    module = tf.Module()
    module.held, module.variables_read = held, variables
    signature = tf.function(lambda rows: {"vectors": encode(rows)}).get_concrete_function(
        tf.TensorSpec([None, None], tf.int32, "rows")
    )
    names = ", ".join(sorted({type(one).__name__ for one in held}))
    try:
        with temporary_folder("seqrec-encoder-") as folder:
            tf.saved_model.save(module, str(folder), signatures=signature)
            with signature_caller(folder) as call:
                found = call("serving_default", {"rows": rows})["vectors"]
    except Exception as error:
        line = " ".join(str(error).split())[:300]
        raise InputError(
            f"encoder: expected what it holds ({names}) to be saved with it. Received: {line}"
        ) from error
    wanted = encode(tf.constant(rows)).numpy()
    if not np.allclose(found, wanted, rtol=1e-3, atol=1e-4 * max(np.abs(wanted).max(), 1e-6)):
        raise InputError(
            f"encoder: expected the same vectors from a saved copy. Received: others; it holds "
            f"{names}, of which something is not saved with it."
        )
