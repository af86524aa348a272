"""What few dimensions keep of an item-item model, and whose errors they are made of."""

import dataclasses

import pytest
import tensorflow as tf
from helpers.tensors import ragged

from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.simple_models import SimpleModel, fitted, histories_of
from seqrec_tf.similarity import item_knn
from seqrec_tf.training.item_item import EMPHASES, narrowed

ITEMS = 40


@pytest.fixture(scope="module")
def model() -> SimpleModel:
    """Two items that most have, alike in nothing else, and pairs that only a few have."""
    users = [[1, 2]] * 200 + [[item, item + 1] for item in range(3, ITEMS, 2)] * 3
    histories = histories_of(ragged(users), ITEMS)
    similarities = item_knn(histories, "cosine")
    settings = {"similarity": "cosine", "decay": 0.8}
    return SimpleModel("item-knn", settings, 1.0, similarities, histories.counts)


def _asked(*pairs: tuple[int, int]) -> Queries:
    return Queries(ragged([[one] for one, _ in pairs]), tf.constant([two for _, two in pairs]))


def test_the_emphasis_is_what_the_queries_need(model):
    """In two dimensions a pair fits, and cosines do not know which one is asked for."""
    popular = narrowed(model, 2, _asked((1, 2), (2, 1)))
    assert popular.ndcg == pytest.approx(1) and popular.model.settings["emphasis"] > 0
    values = {
        power: narrowed(_emphasised(model, power), 2, _asked((1, 2), (2, 1))).ndcg
        for power in EMPHASES
    }
    assert popular.ndcg == max(values.values()) > values[0.0]
    assert popular.model.settings["emphasis"] == max(values, key=values.__getitem__)


def test_of_equals_none_is_the_first(model):
    everything = narrowed(model, ITEMS + 1, _asked((1, 2), (3, 4)))
    assert everything.model.settings == model.settings | {"emphasis": 0.0}
    assert everything.factors.history.shape == (ITEMS + 1, ITEMS + 1)


def test_what_was_chosen_is_kept_when_it_is_fitted_again(model):
    chosen = _emphasised(model, 0.25)
    again = fitted(chosen, histories_of(ragged([[1, 2], [5, 6]]), ITEMS))
    assert again.settings == chosen.settings and again.counts.sum() == 4
    assert narrowed(again, 2, _asked((1, 2), (2, 1))).model.settings == chosen.settings


def _emphasised(model: SimpleModel, power: float) -> SimpleModel:
    return dataclasses.replace(model, settings=model.settings | {"emphasis": power})
