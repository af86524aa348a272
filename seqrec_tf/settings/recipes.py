"""Named hyper-parameters for `--recipe`; explicit flags win over them.

    python -m seqrec_tf.train --dataset ml-1m --data-dir ml-1m --recipe best-sasrec

| recipe | MovieLens-1M, P1, test | time on one core beside other work |
|---|---|---|
| best-sasrec | HR@10 0.3238, NDCG@10 0.1893 (mean of seeds 0, 1, 2) | 21 min |
| best-gru4rec | HR@10 0.3129, NDCG@10 0.1830 (seed 0) | 20 min |

The best recipes were chosen by validation NDCG@10 (tests/benchmarks/README.md, "What was tried").

The keras.io recipes take their numbers from the keras.io SASRec and GRU4Rec examples, not their
mistakes: histories keep their *most recent* items, negatives are drawn anew every epoch, the split
is leave-one-out and padding is never read, scored or recommended (seqrec_tf/README.md, "Recipes").
"""

from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import CLOSED_FORM, RunConfig, Sections, override

RECIPES: dict[str, Sections] = {
    "best-sasrec": {
        "encoder": {
            "encoder": "sasrec",
            "window": 100,
            "dim": 128,
            "layers": 2,
            "heads": 2,
            "dropout": 0.2,
            "positions": "relative",
        },
        "training": {
            "objective": "full-softmax",
            "examples": "slices",
            "batch_size": 32,
            "learning_rate": 2e-3,
            "warmup": 0.5,
            "schedule": "cosine",
            "average": 0.997,
            "epochs": 12,
            "min_steps": 4000,
        },
    },
    "best-gru4rec": {
        "encoder": {
            "encoder": "gru4rec",
            "window": 50,
            "dim": 128,
            "layers": 1,
            "dropout": 0.2,
        },
        "training": {
            "objective": "full-softmax",
            "examples": "slices",
            "batch_size": 32,
            "learning_rate": 3e-3,
            "warmup": 0.5,
            "schedule": "cosine",
            "average": 0.997,
            "epochs": 12,
            "min_steps": 4000,
        },
    },
    # 400 short histories: small steps, and one head for each of the last few items.
    "demo": {
        "encoder": {"heads": 4, "dropout": 0.1},
        "training": {"batch_size": 32, "learning_rate": 3e-3, "epochs": 25},
    },
    # The example's l2 penalty on the embeddings is left out: the example overrides
    # `compute_loss` without adding the layers' losses, so it never had an effect.
    "keras-io-sasrec": {
        "encoder": {"encoder": "sasrec", "window": 200, "dim": 50, "layers": 2, "dropout": 0.2},
        "training": {
            "objective": "bce",
            "negatives": 1,
            "batch_size": 128,
            "optimizer": "adam",
            "learning_rate": 1e-3,
            "beta_2": 0.98,
        },
    },
    # The example trains on one prefix an example, 4,096 a batch; here every position of a slice
    # of 10 has its target, which computes a tenth of the GRU steps for as many targets.
    "keras-io-gru4rec": {
        "encoder": {
            "encoder": "gru4rec",
            "window": 10,
            "dim": 32,
            "layers": 1,
            "dropout": 0.0,
            "tied": False,
        },
        "training": {
            "objective": "in-batch-softmax",
            "examples": "slices",
            "batch_size": 410,
            "optimizer": "adamw",
            "learning_rate": 0.05,
        },
    },
}


# What `auto` changes in `best-<encoder>` for data of any size and kind: what overfits ends early,
# and what is still open follows from the data (`seqrec_tf.settings.adaptive`).
ADAPTED: Sections = {
    "encoder": {"dropout": None, "blend": True},
    "training": {"patience": None, "min_steps": None, "objective": "auto", "recipe": "auto"},
}

# Of an item-item model all follows from the data but what this cuts off.
ITEM_ITEM: Sections = {
    "encoder": {"window": 100, "dim": 512},
    "training": {"recipe": "auto"},
}


def apply_recipe(config: RunConfig, name: str, encoder: str | None = None) -> RunConfig:
    """`config` with the fields that the recipe `name` sets.

    `auto` is `demo` for the demo; else `best-<encoder>` with `ADAPTED`, or `ITEM_ITEM`.

    Args:
        config: what the recipe is applied to.
        name: a recipe or `auto`.
        encoder: the encoder that was asked for, if any.

    Raises:
        InputError: no recipe of that name.
    """
    encoder = encoder or config.encoder.encoder
    if name == "auto" and encoder in CLOSED_FORM:
        return override(config, ITEM_ITEM)
    if name == "auto" and config.data.name == "demo":
        name = "demo"
    if name == "auto":
        best = apply_recipe(config, f"best-{'sasrec' if encoder == 'auto' else encoder}")
        return override(best, ADAPTED)
    if name not in RECIPES:
        known = ", ".join(["auto", *sorted(RECIPES)])
        raise InputError(f"--recipe: expected one of {known}. Received: {name!r}.")
    recipe = RECIPES[name]
    return override(config, recipe | {"training": {"recipe": name, **recipe["training"]}})
