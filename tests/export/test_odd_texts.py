"""Ids, titles and categories of any characters, through every form of an artifact."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from export.artifact.documents import Golden
from export.graph.signatures import Forms
from export.proof.artifacts import prove
from export.proof.warmup import warmup_requests
from export.sources.published import published_catalogue

LINE_ENDS = ["a\nb", "a\rb", "a\r\nb", "l\u2028s", "x\x85y", "x\x0by"]
ODD = sorted([*LINE_ENDS, " 20", "20", "p|q", 'q"\\', "\ufeffc,d\t", "é\U0001f600\u200f"])


def odd_catalogue(build, ids: list[str]):
    """The ids, which are titles and categories as well."""
    texts = np.array(sorted(ids), object)
    titles = np.array([f"{raw}\0\r" for raw in texts], object)
    kinds = np.array([raw.replace("|", "/") for raw in texts], object)
    known = build.catalogue("string")
    return dataclasses.replace(known, ids=texts, titles=titles, categories=kinds)


@pytest.mark.parametrize("more", [[], ["n\x1em"], ["n\x1em", "n\ue000m"]])
def test_any_id_can_be_asked_for_in_one_text(more, build):
    catalogue = odd_catalogue(build, [*more, *LINE_ENDS, *(f"i {n}" for n in range(6 - len(more)))])
    recommender = build.recommender(build.successor_encoder(), catalogue, 4, "item_ids")
    histories = [[raw, catalogue.ids[row - 3]] for row, raw in enumerate(catalogue.ids)]
    texts = [catalogue.text_separator.join(history) for history in histories]
    found = Forms(recommender).text(tf.constant([*texts, ""]))
    wanted = recommender.recommend(tf.ragged.constant([*histories, []], dtype=tf.string))
    for name in ("item_ids", "titles", "scores"):
        assert found[name].numpy().tolist() == wanted[name].numpy().tolist()


def test_the_proof_holds_and_a_refresh_reads_the_same_texts(build, tmp_path):
    catalogue, encoder = odd_catalogue(build, ODD), build.successor_encoder()
    folder = build.saved_model(tmp_path / "1", encoder, catalogue)
    (folder / "assets.extra").mkdir(exist_ok=True)
    golden = build.golden(encoder, catalogue, 4, "item_ids")
    golden.write(folder / "assets.extra/golden_requests.json")
    assert prove([folder]).failures == []
    model = tf.saved_model.load(str(folder))
    read = published_catalogue(model, "item_ids")
    assert read.ids.tolist() == catalogue.ids.tolist()
    assert read.titles.tolist() == catalogue.titles.tolist()
    stripped = [raw.strip() for raw in catalogue.categories]
    assert [raw.strip() for raw in read.categories] == stripped


def test_a_giant_id_is_not_repeated_in_every_warm_up_request():
    giant = "z" * 1_000_000
    golden = {"id_name": "item_ids", "text_separator": ", ", "calls": []}
    golden["requests"] = [{"histories": [[giant, "b"], ["c"]]}]
    requests = list(warmup_requests(Golden.of(golden), window=3))
    assert len(requests) == 60 and not any(giant in str(inputs) for _, inputs in requests)
