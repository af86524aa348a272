"""Catalogues are made once, of models that have titles, and are gone with them."""

import gc
import weakref

import numpy as np
import pytest

from serving.demo.catalogues import Catalogues

IDS = np.array([0, 11, 12])
TITLES = np.array([b"", b"Alien", b"Brazil"], object)


class Model:
    """What is asked of a model here; counts how often."""

    def __init__(self, **columns: np.ndarray):
        self.columns, self.asked = columns, []

    def column(self, name: str) -> np.ndarray | None:
        self.asked.append(name)
        return self.columns.get(name)


def test_made_once_without_the_padding():
    model, catalogues = Model(ids=IDS, titles=TITLES), Catalogues()
    for _ in range(2):
        catalogue = catalogues.of(model)
        assert (catalogue.size, catalogue.items(["12"])[0].title) == (2, "Brazil")
    assert model.asked == ["ids", "titles"]


@pytest.mark.parametrize(
    "columns",
    [{}, {"ids": IDS}, {"ids": IDS, "titles": TITLES[1:]}, {"ids": IDS, "titles": IDS}],
)
def test_models_without_one(columns):
    model, catalogues = Model(**columns), Catalogues()
    assert catalogues.of(model) is catalogues.of(model) is None
    assert model.asked == ["ids", "titles"]


def test_gone_with_its_model():
    model, catalogues = Model(ids=IDS, titles=TITLES), Catalogues()
    kept = weakref.ref(catalogues.of(model))
    del model
    gc.collect()
    assert kept() is None
