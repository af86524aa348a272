"""What a model card says and shows, from metrics written by hand."""

import dataclasses

import numpy as np
import pytest
from matplotlib.image import imread

from seqrec_tf.evaluation.metrics import CUTOFFS, Metrics
from seqrec_tf.runs.model_card import write_model_card
from seqrec_tf.settings.config import RunConfig


def _row(value: float) -> dict[str, float]:
    names = ("hit_rate", "ndcg", "mrr", "coverage")
    return {f"{name}@{k}": value for name in names for k in CUTOFFS}


def _bucket(name: str, queries: int, model: float, popularity: float, markov: float) -> dict:
    values = {"model": model, "popularity": popularity, "markov": markov}
    figures = {key: {"hit_rate@10": 2 * x, "ndcg@10": x} for key, x in values.items()}
    return {"bucket": name, "queries": queries, **figures}


def _metrics(lengths: list[dict], popularities: list[dict]) -> Metrics:
    return Metrics(
        protocol="PT",
        users=1234,
        test=_row(0.3),
        validation=_row(0.31),
        baselines={"popularity": _row(0.1), "markov": _row(0.2)},
        breakdown={"history_length": lengths, "popularity": popularities},
    )


STRONG = [_bucket("head", 1000, 0.4, 0.2, 0.3), _bucket("tail", 200, 0.2, 0.0, 0.1)]
WEAK = [_bucket("1-5", 34, 0.1, 0.1, 0.2), _bucket("6-10", 1200, 0.3, 0.1, 0.2)]


def _history(epochs: int, seconds: float) -> list[dict]:
    return [
        {"loss": 5 - e / epochs, "val_ndcg@10": 0.31 * e / epochs, "seconds": seconds * e / epochs}
        for e in range(1, epochs + 1)
    ]


def _write(path, metrics, history) -> str:
    write_model_card(path, RunConfig(), metrics, history, best_epoch=len(history))
    return (path / "README.md").read_text(encoding="utf-8")


def test_figures_training_and_commands(tmp_path):
    card = _write(tmp_path, _metrics(WEAK, STRONG), _history(7, 3723.4))
    assert card.startswith("# sasrec on demo\n\nsasrec beats every baseline in test NDCG@10.\n")
    assert "| **sasrec, test** | 0.3000 | 0.3000 | 0.3000 | 0.3000 |" in card
    assert "| markov, test | 0.2000 |" in card
    assert "| protocol | PT, 1,234 users |" in card
    assert "| epochs | 7, of at most 50 (patience 10) |" in card
    assert "| kept | epoch 7," in card and "| training wall-clock | 1 h 2 min," in card
    assert f"`python -m seqrec_tf.train --config {tmp_path}/config.json --run NEW`" in card


def test_the_difference_to_the_best_baseline_and_the_blend_are_said(tmp_path):
    metrics = dataclasses.replace(
        _metrics(WEAK, STRONG),
        baseline_settings={"markov": {"decay": 0.5}},
        against={"baseline": "markov", "mean": 0.1, "margin": 0.01},
        blend={
            "companions": {"item-knn": {"decay": 0.9}, "ease": {"ridge": 100.0}},
            **{"rank": 256, "weight": 8.0, "alone": 0.25, "blended": 0.31},
        },
    )
    card = _write(tmp_path, metrics, _history(7, 3723.4))
    assert card.startswith(
        "# sasrec on demo\n\nsasrec is better than markov by 0.1000 +- 0.0100 NDCG@10 (test, "
        "paired, 95 %); markov is the best baseline in validation.\n"
    )
    said = "sasrec is blended with item-knn, decay 0.9 and with ease, ridge 100; rank 256, weight 8"
    assert f"{said}: validation NDCG@10 0.3100 instead of 0.2500." in card
    assert "| markov, decay 0.5, test | 0.2000 |" in card


def test_a_run_from_when_there_was_one_companion(tmp_path):
    blend = {"companion": "ease", "settings": {"ridge": 100.0}, "alone": 0.25, "blended": 0.31}
    metrics = dataclasses.replace(_metrics(WEAK, STRONG), blend=blend)
    card = _write(tmp_path, metrics, _history(2, 9.0))
    assert "sasrec is blended with ease, ridge 100: validation NDCG@10 0.3100" in card


def test_weak_spots_and_targets_outside_the_catalogue(tmp_path):
    card = _write(tmp_path, _metrics(WEAK, STRONG), _history(2, 9.0))
    lowest = "history length 1-5 (0.1000, 34 queries), popularity tail (0.2000, 200 queries)."
    assert f"Lowest NDCG@10: {lowest}" in card
    lost = "A baseline is at least as good in\n\n"
    assert f"{lost}- popularity, history length: 1-5\n- markov, history length: 1-5\n" in card
    assert "| 1-5 | 34 | 0.2000 | 0.1000 | 0.1000 | **0.2000** |" in card
    assert "34 targets are outside the catalogue" in card  # 1,234 users, 1,200 of them below


def test_what_is_new_since_training_and_what_is_recommended(tmp_path):
    cold = [_bucket("known", 1000, 0.4, 0.1, 0.2), _bucket("new item", 234, 0.0, 0.0, 0.0)]
    metrics = _metrics(WEAK, STRONG)
    figures = {"novelty@10": 9.5, "head@10": 0.25, "no_hit@20": 1001.0}
    metrics = dataclasses.replace(
        metrics,
        unasked=56,
        breakdown=metrics.breakdown | {"cold_start": cold},
        recommended={"model": figures, "markov": figures},
    )
    card = _write(tmp_path, metrics, _history(2, 9.0))
    assert "| known | 1,000 | 0.8000 | **0.4000** | 0.1000 | 0.2000 |" in card
    assert "Of 56 more users nothing was known" in " ".join(card.split())
    assert "| test, 10 items a user | novelty, bits | head | no hit in 20 |" in card
    assert "| sasrec | 9.5000 | 25.0% | 1,001 |" in card and "| markov | 9.5000 |" in card
    assert "new item (" not in card.split("![Breakdown]")[0]  # no weakness of the model


def test_a_model_without_weak_spots(tmp_path):
    whole = [_bucket("head", 1234, 0.3, 0.1, 0.2)]
    card = _write(tmp_path, _metrics(WEAK[1:], whole), _history(2, 9.0))
    assert "sasrec beats every baseline in every bucket." in card
    assert "outside the catalogue" not in card


def test_without_a_known_target_there_is_still_a_card(tmp_path):
    card = _write(tmp_path, _metrics(WEAK, []), _history(1, 1.0))
    assert "1,234 targets are outside the catalogue" in card


@pytest.mark.parametrize(("epochs", "seconds"), [(1, 0.5), (60, 600.0), (3, 20_000.0)])
def test_the_pictures_show_something(tmp_path, epochs, seconds):
    _write(tmp_path, _metrics(WEAK, STRONG), _history(epochs, seconds))
    for name in ("learning_curve.png", "breakdown.png"):
        pixels = imread(tmp_path / name)
        assert min(pixels.shape[:2]) > 400
        red, green, blue = np.rint(pixels[..., :3] * 255).astype(int).transpose(2, 0, 1)
        colors = set(np.unique(red * 2**16 + green * 2**8 + blue).tolist())
        assert len(colors) > 50
        assert {0x1F66AD, 0xE08214} <= colors  # the model and the Markov chain
