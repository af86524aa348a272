"""Every recipe is a configuration that works; the keras.io ones have the examples' numbers."""

import dataclasses

import pytest

from seqrec_tf.errors import InputError
from seqrec_tf.settings.checks import check_config
from seqrec_tf.settings.config import DataConfig, RunConfig
from seqrec_tf.settings.recipes import RECIPES, apply_recipe

DEMO, OTHER = RunConfig(), RunConfig(DataConfig(dataset="ml-1m"))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_sets_its_fields_and_nothing_else(name):
    config = apply_recipe(OTHER, name)
    check_config(config)
    expected = OTHER.as_dict()
    for section, values in RECIPES[name].items():
        expected[section] |= values
    expected["training"]["recipe"] = name
    assert config.as_dict() == expected


def test_auto_is_the_demos_recipe_for_the_demo():
    config = apply_recipe(DEMO, "auto")
    assert config == apply_recipe(DEMO, "demo") and config.training.recipe == "demo"


@pytest.mark.parametrize("encoder", ["sasrec", "gru4rec"])
@pytest.mark.parametrize(
    "data", [DataConfig(dataset="ml-100k"), DataConfig(interactions="log.csv")]
)
def test_auto_adapts_the_best_recipe_to_other_data(data, encoder):
    config = apply_recipe(dataclasses.replace(DEMO, data=data), "auto", encoder)
    best = apply_recipe(dataclasses.replace(DEMO, data=data), f"best-{encoder}")
    assert config.encoder == dataclasses.replace(best.encoder, dropout=None, blend=True)
    adapted = {"recipe": "auto", "patience": None, "min_steps": None, "objective": "auto"}
    assert config.training == dataclasses.replace(best.training, **adapted)


def test_the_numbers_of_the_keras_io_examples():
    sasrec, gru4rec = (
        apply_recipe(OTHER, "keras-io-sasrec"),
        apply_recipe(OTHER, "keras-io-gru4rec"),
    )
    assert (sasrec.encoder.encoder, gru4rec.encoder.encoder) == ("sasrec", "gru4rec")
    assert (sasrec.encoder.window, sasrec.encoder.dim, sasrec.encoder.heads) == (200, 50, 1)
    assert (sasrec.training.objective, sasrec.training.beta_2) == ("bce", 0.98)
    assert (gru4rec.encoder.window, gru4rec.encoder.dim, gru4rec.encoder.layers) == (10, 32, 1)
    targets_a_batch = gru4rec.training.batch_size * gru4rec.encoder.window
    assert (targets_a_batch, gru4rec.training.examples) == (4100, "slices")  # the example: 4,096


def test_an_unknown_recipe_is_named():
    with pytest.raises(InputError) as error:
        apply_recipe(DEMO, "secret")
    assert str(error.value) == (
        "--recipe: expected one of auto, best-gru4rec, best-sasrec, demo, keras-io-gru4rec, "
        "keras-io-sasrec. Received: 'secret'."
    )
