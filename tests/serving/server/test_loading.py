"""What a version has to show before it serves anybody."""

import copy

import pytest
from helpers.golden_model import counting, golden, write_golden

from serving.models.versions import VersionDirectory
from serving.protocol.errors import InputError

GOLDEN = golden("movie_ids", "int64", 1)


@pytest.fixture(scope="module")
def directory(tmp_path_factory, save_model) -> VersionDirectory:
    """Version 1 of a model, whose golden requests each test writes."""
    import tensorflow as tf

    path = tmp_path_factory.mktemp("walk") / "1"
    save_model(tf, counting(tf, "movie_ids", tf.int64, 1), path)
    (path / "assets.extra").mkdir()
    return VersionDirectory("walk", 1, path)


@pytest.fixture(scope="module")
def load():
    from serving.server.loading import Loader

    return Loader()


def changed(**changes) -> dict:
    """The golden requests with another answer, or with another request."""
    document = copy.deepcopy(GOLDEN)
    (request,) = document["requests"]
    request |= {name: value for name, value in changes.items() if name in request}
    request["answers"][0] |= {name: value for name, value in changes.items() if name not in request}
    return document


def test_a_version_that_answers_its_golden_requests_is_loaded(load, directory):
    write_golden(directory.path, GOLDEN)
    assert "serving_default" in load(directory).signatures


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (changed(scores=[1.5, 0.5]), r"one_item, history 0, place 1: expected 2 \(1.5\)"),
        (changed(ids=[2, 4]), "place 2: expected 4 .* Received: 3"),
        (changed(histories=[[7, 7]]), "place 1: expected 2 .* Received: 3"),
        ({**GOLDEN, "id_name": "item_ids"}, "expected answers. Received: "),
        ({"requests": [{}]}, "expected golden requests. Received: KeyError"),
    ],
)
def test_a_version_that_answers_otherwise_is_not(load, directory, document, message):
    write_golden(directory.path, document)
    with pytest.raises(InputError, match=message):
        load(directory)
