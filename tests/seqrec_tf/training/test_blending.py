"""A companion is taken where validation says that it helps, with the best weight."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from seqrec_tf.data.dataset import load_dataset
from seqrec_tf.evaluation.ranking import encoder_ndcg
from seqrec_tf.evaluation.simple_models import simple_models
from seqrec_tf.models import Blend, build_encoder
from seqrec_tf.settings.config import DataConfig, EncoderConfig
from seqrec_tf.similarity.matrices import Sparse
from seqrec_tf.training import blending
from seqrec_tf.training.blending import blend
from seqrec_tf.training.item_item import EMPHASES, narrowed


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Users of two groups, with six items each that the other group never has."""
    folder = tmp_path_factory.mktemp("groups")
    generator = np.random.default_rng(0)
    rows = [
        f"u{user},i{item + 6 * (user % 2)},{at}"
        for user in range(60)
        for at, item in enumerate(generator.permutation(6)[:5])
    ]
    (folder / "log.csv").write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    return load_dataset(DataConfig(interactions=str(folder / "log.csv"), protocol="P2"))


@pytest.fixture(scope="module")
def network(dataset):
    """Untrained, so that anybody helps it."""
    return build_encoder(EncoderConfig(dim=4, window=5), dataset.catalogue.size)


def test_who_helps_is_taken(dataset, network):
    simple = simple_models(dataset)
    encoder, said = blend(network, dataset, simple)
    assert isinstance(encoder, Blend) and encoder.network is network
    for model in simple:
        assert said.companions[model.name].items() > model.settings.items()
        assert said.companions[model.name]["emphasis"] in EMPHASES
    assert said.blended > said.alone and said.weight in blending.WEIGHTS
    assert encoder_ndcg(encoder, dataset.split.validation) == said.blended


def test_the_weight_is_that_of_the_mean_of_the_companions(dataset, network):
    simple = simple_models(dataset)
    encoder, said = blend(network, dataset, simple)
    queries = dataset.split.validation
    histories = queries.histories
    others = [
        blending.companion_encoder([narrowed(model, 12, queries)], network, queries)
        for model in simple
    ]
    own, *added = (
        each.encode(histories).numpy() @ each.item_table().numpy().T for each in (network, *others)
    )
    expected = own + said.weight * np.mean(added, axis=0)
    found = encoder.encode(histories).numpy() @ encoder.item_table().numpy().T
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_best_scores_are_one_in_the_mean_and_vectors_as_long_as_the_networks(dataset, network):
    queries = dataset.split.validation
    lengths = np.square(network.item_table()).mean()
    for model in simple_models(dataset):
        encoder = blending.companion_encoder([narrowed(model, 4, queries)], network, queries)
        assert np.square(encoder.item_table()).mean() == pytest.approx(lengths, rel=1e-4)
        vectors = encoder.encode(queries.histories).numpy()
        best = (vectors @ encoder.item_table().numpy().T).max(axis=1)
        assert best.mean() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("items", "rank"),
    [(1, 128), (4_096, 128), (4_097, 256), (8_193, 512), (16_384, 512), (16_385, 256)],
)
def test_the_rank_follows_from_the_catalogue(items, rank):
    assert blending.companion_rank(items) == rank


def test_a_table_of_many_items_is_not_wide():
    assert blending.companion_rank(32_768) == 256
    assert blending.companion_rank(32_769) == blending.companion_rank(10**7) == 128


def test_who_does_not_help_is_left_out(dataset, network):
    """Models that know nothing, or have nothing to say at all."""
    (known, *_) = simple_models(dataset)
    nothing = Sparse(sparse.csr_array((13, 13), dtype=np.float32))
    useless = dataclasses.replace(known, similarities=nothing)
    assert blend(network, dataset, [useless]) == (network, None)
    assert blend(network, dataset, []) == (network, None)
