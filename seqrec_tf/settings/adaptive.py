"""What `--recipe auto` leaves to the data: settings that are open until the data is read.

Overfitting is what small data has in common, and the time of a step on a large catalogue is that
of its logits. What was measured for both is in tests/benchmarks/README.md ("Settings that follow
from the data").
"""

from seqrec_tf.settings.config import RunConfig, Sections, override

SMALL_DATA = 500_000  # interactions to train on, below which dropout is SMALL_DATA_DROPOUT
DROPOUT, SMALL_DATA_DROPOUT = 0.2, 0.5

LARGE_CATALOGUE = 20_000  # items, from which on negatives are drawn
SAMPLED = {"objective": "sampled-softmax", "negatives": 4096, "popularity_share": 0.5}


def adapted(config: RunConfig, items: int, interactions: int) -> RunConfig:
    """`config` with the open settings filled in, and with the network that `auto` begins with.

    Args:
        config: what was asked for.
        items: of the catalogue.
        interactions: of the training part.
    """
    found: Sections = {"encoder": {}, "training": {}}
    if config.encoder.encoder == "auto":
        found["encoder"]["encoder"] = "sasrec"
    if config.encoder.dropout is None:
        small = interactions < SMALL_DATA
        found["encoder"]["dropout"] = SMALL_DATA_DROPOUT if small else DROPOUT
    if config.training.objective == "auto":
        # What is drawn has no smoothing, so who asks for that has all items scored.
        large = items >= LARGE_CATALOGUE and not config.training.label_smoothing
        found["training"] = SAMPLED if large else {"objective": "full-softmax"}
    return override(config, found)
