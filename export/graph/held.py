"""What an encoder's graph holds besides numbers: lookup tables, their files, random generators.

A SavedModel carries what its object tracks. An encoder from elsewhere keeps its tables where it
likes: in an attribute, a list, a closure. Whatever its graph captures is found here by asking who
owns it, or said to be nobody's, before anything is written.
"""

import gc
from collections.abc import Container, Iterator

import tensorflow as tf

# TensorFlow has no public names for these.
from tensorflow.python.ops.lookup_ops import LookupInterface
from tensorflow.python.trackable.resource import CapturableResource, RestoredResource
from tensorflow.types.experimental import ConcreteFunction

from seqrec_tf.errors import InputError

# Of what `CapturableResource`s there are; a dataset or a summary writer is one too.
CARRIED = (LookupInterface, RestoredResource)


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


def _owners(handles: Container[int]) -> Iterator[tuple[int, object]]:
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
