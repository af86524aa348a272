"""The artifact's model card: a header that the Hub reads, and sentences with the report's facts."""

import pytest
import yaml

from export.artifact.documents import Report
from export.artifact.model_card import write_model_card

TEST = {"hit_rate@10": 0.325, "ndcg@10": 0.1905, "mrr@10": 0.1493, "ndcg@5": 0.17}
FACTS = {
    "run": "runs/best",
    "data": "ml-1m",
    "encoder": "sasrec",
    "metrics": {"protocol": "P1", "test": TEST, "baselines": {"popularity": TEST}},
    "items": 3416,
    "withheld": 2,
    "window": 100,
    "k": 10,
    "id_name": "movie_ids",
    "date": "2026-11-22",
    "retrieval": {
        **{"kind": "ivf", "precision": "int8", "probes": 29, "cells": 241, "recall@10": 0.9461},
        "recall_of": "the 10 items after 9 histories; seen and withheld items are hidden",
        "test": {"exact float32": TEST, "exported": TEST, "ndcg_change": -0.0123},
    },
    "proof": {"forms": {"ragged": {"requests": 8}, "score": {"requests": 1}}},
}


@pytest.fixture
def card(tmp_path):
    def write(kind, **changes) -> tuple[dict, str]:
        write_model_card(tmp_path / "README.md", kind, "seqrec", Report.of(FACTS | changes))
        _, header, body = (tmp_path / "README.md").read_text().split("---\n", 2)
        return yaml.safe_load(header), body

    return write


def test_the_header_names_data_and_figures(card):
    header, _ = card("savedmodel")
    (result,) = header["model-index"][0]["results"]
    assert result["dataset"] == {"name": "ml-1m", "type": "ml-1m", "split": "test"}
    assert result["metrics"][1] == {"type": "ndcg@10", "value": 0.1905, "name": "ndcg@10 (P1)"}
    assert header["tags"][2:] == ["sasrec", "savedmodel"]


def test_the_text_says_what_was_measured(card):
    _, body = card("savedmodel")
    for text in (
        "29 of 241 cells, in int8: 94.6% of the 10 items after 9 histories; seen and withheld "
        "items are hidden, NDCG@10 -1.23%",
        "| **this model** | 0.3250 | 0.1905 | 0.1493 |",
        "held out under protocol P1",
        "2 items of the catalogue are withheld",
        "9 requests",
    ):
        assert text in body, text


def test_an_encoder_from_elsewhere_has_no_figures(card):
    header, body = card("lite", metrics={}, data=None, run=None)
    assert "model-index" not in header
    assert "trained elsewhere" in body and "None that the exporter knows of" in body
    assert "a LiteRT file" in body and "rating all of them" in body
