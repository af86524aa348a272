"""The three kinds of encoders are what the graph takes, and so are both indices."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from export.graph.cells import train_cells
from export.graph.encoder import DeviceEncoder, HistoryEncoder
from export.graph.exact import ExactIndex, exact_index
from export.graph.index import Index
from export.graph.ivf import IvfIndex
from export.litert.graph import convert
from export.sources.foreign import ForeignEncoder
from export.sources.refreshed import RefreshedEncoder, Trained
from seqrec_tf.errors import InputError
from seqrec_tf.models import Encoder

TABLE = np.random.default_rng(0).standard_normal((13, 8)).astype(np.float32)


def foreign() -> ForeignEncoder:
    vectors = tf.constant(TABLE)
    mean = lambda rows: tf.reduce_mean(tf.gather(vectors, rows), axis=1)  # noqa: E731
    return ForeignEncoder(mean, TABLE[1:], np.arange(12), window=3, fixed=True)


def refreshed() -> RefreshedEncoder:
    rows = tf.RaggedTensorSpec([None, None], tf.int32)
    encode = tf.function(lambda rows: tf.zeros([rows.nrows(), 8]), input_signature=[rows])
    learnt = Trained(encode, [], np.arange(13, dtype=np.int32), np.ones(13, bool))
    return RefreshedEncoder(learnt, 3, TABLE, np.arange(13, dtype=np.int32), np.ones(13, bool))


@pytest.mark.parametrize("kind", ["own", "foreign", "refreshed"])
def test_an_encoder_is_what_the_graph_takes(kind, build):
    encoder = {"own": lambda: build.random_encoder(0), "foreign": foreign, "refreshed": refreshed}
    encoder = encoder[kind]()
    assert isinstance(encoder, HistoryEncoder)
    assert isinstance(encoder, DeviceEncoder) == (kind != "refreshed")
    assert encoder.item_table().shape == (13, encoder.dim)
    found = encoder.encode(tf.ragged.constant([[1, 2], []], tf.int32))
    assert (found.shape, found.dtype) == ((2, encoder.dim), tf.float32)


@pytest.mark.parametrize("kind", [Encoder, ForeignEncoder, RefreshedEncoder])
def test_methods_are_called_alike(kind):
    names = ("encode", "item_table", *(("encode_one",) if hasattr(kind, "encode_one") else ()))
    for name in names:
        wanted, found = (inspect.signature(getattr(each, name)) for each in (DeviceEncoder, kind))
        asked, more = np.split(list(found.parameters.values()), [len(wanted.parameters)])
        assert [each.name for each in asked] == list(wanted.parameters)
        assert [each.name for each in more if each.default is each.empty] == []  # times


@pytest.mark.parametrize("kind", [ExactIndex, IvfIndex])
def test_an_index_is_what_the_graph_takes(kind, build):
    index = exact_index(build.random_encoder(0), build.catalogue("int64"))
    if kind is IvfIndex:
        cells = train_cells(index.dense(), 3)
        index = IvfIndex(index.dense(), index.popularity.numpy(), cells, 2, "float32")
    assert isinstance(index, kind) and isinstance(index, Index)
    for name in ("vectors", "search", "dense", "visible"):
        wanted, found = (inspect.signature(getattr(each, name)) for each in (Index, kind))
        assert wanted == found


def test_an_encoder_without_single_histories_makes_no_lite_file(build):
    with pytest.raises(InputError, match="--format tflite: expected an encoder of single hist"):
        convert(refreshed(), build.catalogue("int64"), 4, "movie_ids")
