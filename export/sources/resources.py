"""What an encoder's graph holds besides numbers: lookup tables, their files, random generators.

A SavedModel carries what its object tracks. An encoder from elsewhere keeps its tables where it
likes: in an attribute, a list, a closure. Whatever its graph captures is found here by asking who
owns it, or said to be nobody's, before anything is written.
"""

import gc
import tempfile
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

# TensorFlow has no public names for these.
from tensorflow.python.ops.lookup_ops import LookupInterface
from tensorflow.python.trackable.resource import CapturableResource, RestoredResource
from tensorflow.types.experimental import ConcreteFunction

from export.proof.ops import PYTHON_OPS, op_counts_of
from export.proof.runner import signature_caller
from seqrec_tf.errors import InputError

# Of what `CapturableResource`s there are; a dataset or a summary writer is one too.
CARRIED = (LookupInterface, RestoredResource)
# What opens a file by its name, which a server's machine need not have.
FILE_OPS = frozenset(
    """
    FixedLengthRecordDataset FixedLengthRecordDatasetV2 FixedLengthRecordReaderV2
    InitializeTableFromTextFileV2 MatchingFiles ReadFile TFRecordDataset TFRecordDatasetV2
    TFRecordReaderV2 TextLineDataset TextLineReaderV2 WholeFileReaderV2 WriteFile
    """.split()  # noqa: SIM905
)


def held_by(traced: ConcreteFunction) -> list:
    """What has to be tracked beside the variables that a function's graph reads.

    Args:
        traced: the function.

    Returns:
        Tables, variables that only their handles are known of, and files (assets); none twice.

    Raises:
        InputError: the graph captures something that nobody owns, or that cannot be carried.
    """
    known = {id(variable.handle) for variable in traced.variables}
    wanted = {
        id(outside): inside
        for outside, inside in traced.graph.captures
        if outside.dtype in (tf.resource, tf.variant, tf.string) and id(outside) not in known
    }
    if not wanted:
        return []
    owners = dict(_owners(wanted.keys()))
    for handle, inside in wanted.items():
        owner = owners.get(handle)
        # Other strings are constants.
        if owner is None and inside.dtype != tf.string:
            uses = sorted({operation.type for operation in inside.consumers()})
            raise InputError(
                "encoder: expected tables and variables that something holds as long as the "
                f"encoder lives, such as an attribute. Received: {inside.dtype.name} for "
                f"{', '.join(uses)}, which nothing holds, or which a SavedModel cannot hold."
            )
        if isinstance(owner, CapturableResource) and not isinstance(owner, CARRIED):
            raise InputError(
                "encoder: expected variables, lookup tables and files, which a SavedModel can "
                f"hold. Received: a {type(owner).__name__}."
            )
    return list({id(owner): owner for owner in owners.values()}.values())


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
        held: of `held_by`.
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
        with tempfile.TemporaryDirectory() as folder:
            tf.saved_model.save(module, folder, signatures=signature)
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


def _owners(handles) -> Iterator[tuple[int, object]]:
    """Handle -> the living object whose handle, or whose path, it is."""
    for thing in gc.get_objects():
        kind = type(thing)  # isinstance asks the object, and some answer by importing things
        if issubclass(kind, CapturableResource):
            handle = thing._resource_handle
        elif issubclass(kind, tf.Variable):
            handle = getattr(thing, "_handle", None)
        elif issubclass(kind, tf.saved_model.Asset):
            handle = thing.asset_path
        else:
            continue
        if id(handle) in handles:
            yield id(handle), thing
