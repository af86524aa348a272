"""What the id input and output of a served model may be called."""

import re

from seqrec_tf.errors import InputError

TENSORS = (
    *("titles", "scores", "row_splits", "candidate_ids"),
    *("k", "exclude_ids", "filter_seen", "categories", "timestamps", "now"),
)
ITEM_COLUMNS = ("row", "title", "count", "categories")


def require_id_name(name: str) -> str:
    """`name`, if signatures can have an input and an output, and `items.csv` a column, of it.

    Raises:
        InputError: it cannot.
    """
    taken = name in TENSORS or name.removesuffix("s") in ITEM_COLUMNS
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or taken:
        raise InputError(
            "--id-name: expected lower-case letters, digits and '_', a letter first, and none of "
            f"{', '.join((*TENSORS, *ITEM_COLUMNS))}. Received: {name!r}."
        )
    return name
