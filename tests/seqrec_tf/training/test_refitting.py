"""A model of everything beside the figures of one that had not seen it."""

import json

import numpy as np
import pytest
from helpers.tiny_runs import SMALL, finished_run, write_log

from seqrec_tf import evaluate
from seqrec_tf.data.dataset import load_dataset
from seqrec_tf.errors import InputError
from seqrec_tf.models.blend import network_of
from seqrec_tf.runs.directory import file_digest, read_run
from seqrec_tf.settings.config import DataConfig
from seqrec_tf.training import refitting
from seqrec_tf.training.item_item import narrowed

DATA = ("--interactions", "log.csv", "--titles", "titles.csv", "--id-name", "skus")

NEWEST = 8  # users of the newest product


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With a product that is nobody's but as the last of all."""
    folder = write_log(tmp_path_factory.mktemp("refit"))
    with open(folder / "log.csv", "a") as log:
        log.writelines(f"u{user},99,50\n" for user in range(NEWEST))
    return folder


@pytest.fixture(scope="module")
def run(folder):
    flags = (*SMALL, "--blend", "--average", "0.9", "--epochs", "12", "--refit")
    return read_run(finished_run(folder, *flags, "--run", "runs/refit"))


@pytest.fixture(scope="module")
def plain(folder):
    flags = (*SMALL, "--blend", "--average", "0.9", "--epochs", "12")
    return read_run(finished_run(folder, *flags, "--run", "runs/plain"))


def test_the_figures_are_those_without_a_refit(run, plain):
    assert run.metrics.model_digest == plain.metrics.model_digest
    assert (run.metrics.test, run.metrics.validation) == (
        plain.metrics.test,
        plain.metrics.validation,
    )
    assert file_digest(run.path / "evaluated.keras") == run.metrics.model_digest
    assert file_digest(run.path / "model.keras") == run.metrics.refit["model_digest"]
    for mine, others in zip(run.measured.weights, plain.encoder.weights, strict=True):
        np.testing.assert_array_equal(mine, others)


def test_the_model_has_learnt_from_what_was_held_out(folder, run):
    dataset = load_dataset(DataConfig(interactions=str(folder / "log.csv")))
    everything = dataset.everything
    assert run.metrics.refit["interactions"] == len(everything.flat_values)
    held_out = len(dataset.split.test) + len(dataset.split.validation)
    assert len(everything.flat_values) == held_out + len(dataset.split.training.flat_values)
    assert type(run.encoder) is type(run.measured)
    pairs = zip(run.encoder.weights, run.measured.weights, strict=True)
    assert all(np.abs(after - before).max() > 1e-4 for after, before in pairs)


def test_an_evaluation_is_of_the_model_before(folder, run, monkeypatch):
    monkeypatch.chdir(folder)
    again = evaluate(run)
    assert again.test == run.metrics.test and again.refit == run.metrics.refit


def test_whoever_reads_is_told(run):
    card = (run.path / "README.md").read_text()
    assert f"trained again, on all {run.metrics.refit['interactions']} interactions" in card


def test_a_run_gets_its_refit_later(run, plain, folder):
    later = read_run(finished_run(folder, "--resume", "--refit", "--run", "runs/plain"))
    assert later.metrics.refit == run.metrics.refit
    assert json.loads((later.path / "config.json").read_text())["training"]["refit"] is True


def test_a_training_goes_on_from_what_was_evaluated(folder, run):
    """The refit has learnt the targets; whoever starts from it would be asked what it knows."""
    more = finished_run(
        folder, "--continue-from", "runs/refit", "--no-refit", "--learning-rate", "1e-12",
        *("--epochs", "1", "--run", "runs/more"),
    )  # fmt: skip
    before, after = (network_of(each) for each in (run.measured, read_run(more).encoder))
    before, after = before.weights[0], after.weights[0]
    np.testing.assert_allclose(after, before, atol=1e-5)


@pytest.mark.parametrize("encoder", ["ease", "item-knn", "markov"])
def test_item_item_models(folder, encoder):
    flags = (*DATA, "--encoder", encoder, "--run", f"runs/{encoder}")
    run = read_run(finished_run(folder, *flags, "--refit"))
    before, after = (each.item_table().numpy() for each in (run.measured, run.encoder))
    assert before.shape == after.shape
    assert not before[-1].any() and after[-1].any()  # the newest product


def test_companions_are_cut_as_they_were(folder, monkeypatch):
    """What validation chose is not chosen again by a model that has seen the answers."""
    again = []

    def noted(model, *rest):
        again.append(model.settings)
        return narrowed(model, *rest)

    monkeypatch.setattr(refitting, "narrowed", noted)
    flags = (*SMALL, "--blend", "--epochs", "2", "--refit")
    found = read_run(finished_run(folder, *flags, "--run", "runs/cut")).metrics.blend
    assert again == list(found["companions"].values())
    assert all("emphasis" in settings for settings in again)


def test_another_model_than_the_refit_is_refused(folder, run):
    file = run.path / "model.keras"
    content = file.read_bytes()
    file.write_bytes((run.path / "evaluated.keras").read_bytes())
    try:
        with pytest.raises(InputError, match="model.keras: expected the model that "):
            read_run(run.path)
    finally:
        file.write_bytes(content)
