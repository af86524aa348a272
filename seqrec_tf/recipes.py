"""Named hyper-parameters for `--recipe`; explicit flags win over them.

The keras.io recipes take their numbers from the keras.io SASRec and GRU4Rec examples, not their
mistakes: histories keep their *most recent* items, negatives are drawn anew every epoch, the
split is leave-one-out and padding is never read, scored or recommended (README, "Recipes").
"""

import dataclasses

from seqrec_tf.config import RunConfig
from seqrec_tf.errors import InputError

RECIPES: dict[str, dict[str, dict]] = {
    "default": {"encoder": {}, "training": {}},
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
    "keras-io-gru4rec": {
        "encoder": {"encoder": "gru4rec", "window": 10, "dim": 32, "layers": 1, "dropout": 0.0},
        "training": {
            "objective": "in-batch-softmax",
            "examples": "prefixes",
            "batch_size": 4096,
            "optimizer": "adamw",
            "learning_rate": 0.05,
        },
    },
}


def apply_recipe(config: RunConfig, name: str) -> RunConfig:
    """`config` with the fields that the recipe `name` sets.

    Raises:
        InputError: no recipe of that name.
    """
    if name not in RECIPES:
        raise InputError(
            f"--recipe: expected one of {', '.join(sorted(RECIPES))}. Received: {name!r}."
        )
    recipe = RECIPES[name]
    return dataclasses.replace(
        config,
        encoder=dataclasses.replace(config.encoder, **recipe["encoder"]),
        training=dataclasses.replace(config.training, recipe=name, **recipe["training"]),
    )
