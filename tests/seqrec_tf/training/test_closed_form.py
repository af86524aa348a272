"""Item-item models as encoders: trained by the command, in all settings, and `auto`."""

import json

import numpy as np
import pytest
from helpers.tiny_runs import ITEMS, SMALL, finished_run, run_command, write_log

from seqrec_tf.data.dataset import load_dataset
from seqrec_tf.evaluation.ranking import encoder_ndcg, rank
from seqrec_tf.evaluation.simple_models import TUNING_USERS
from seqrec_tf.runs.directory import read_run
from seqrec_tf.settings.config import CLOSED_FORM, DataConfig
from seqrec_tf.training.closed_form import best_closed_form, closed_form

DATA = ("--interactions", "log.csv", "--titles", "titles.csv", "--id-name", "skus")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("closed-form"))


@pytest.fixture(scope="module")
def dataset(folder):
    return load_dataset(DataConfig(interactions=str(folder / "log.csv")))


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_at_full_rank_the_encoder_ranks_as_the_model_does(dataset, name):
    found = closed_form(name, dataset, window=50, rank=ITEMS + 2)
    queries, items = dataset.split.validation, dataset.catalogue.size
    whole = rank(found.model.scorer(items), queries, items).metrics(items)
    assert found.kept == pytest.approx(whole["ndcg@10"], abs=0.02)  # ties fall either way
    assert found.kept == encoder_ndcg(found.encoder, queries.sample(TUNING_USERS, 0))


def test_fewer_dimensions_are_what_was_asked_for_and_their_loss_is_stated(dataset):
    found = closed_form("ease", dataset, window=50, rank=2)
    assert found.encoder.dim == 2 and found.as_dict()["settings"]["rank"] == 2
    assert found.as_dict()["whole"] == found.model.ndcg > found.kept


def test_the_window_is_read_and_no_more(dataset):
    encoder = closed_form("item-knn", dataset, window=2).encoder
    long, short = (encoder.encode(np.array([row], np.int32)) for row in ([3, 1, 2], [0, 1, 2]))
    np.testing.assert_array_equal(long, short)


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_the_command(folder, name):
    run = finished_run(folder, *DATA, "--encoder", name, "--run", f"runs/{name}", "--force")
    found = read_run(run)
    assert found.config.encoder.encoder == name and found.encoder.dim <= 512
    assert name not in found.metrics.baselines  # against the others
    assert found.metrics.closed_form["kept"] > 0
    card = (run / "README.md").read_text()
    assert "computed at once" in card and "learning_curve" not in card
    assert "in these dimensions" in card
    assert not (run / "learning_curve.png").exists()


def test_the_same_again(folder):
    digests = {
        read_run(
            finished_run(folder, *DATA, "--encoder", "ease", "--run", f"runs/same-{n}", "--force")
        ).metrics.model_digest
        for n in range(2)
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--epochs", "3"], "--epochs: expected --encoder sasrec or gru4rec or auto. Received: "),
        (["--dropout", "0.1"], "--dropout: expected --encoder sasrec or gru4rec or auto."),
        (["--objective", "bce"], "--objective: expected --encoder sasrec or gru4rec or auto."),
    ],
)
def test_flags_of_a_network_are_refused(folder, flags, said):
    code, _, err = run_command(folder, *DATA, "--encoder", "ease", *flags)
    assert code == 2 and said in err


def test_auto_takes_what_is_better_in_validation(folder, dataset):
    """One epoch at a rate that teaches nothing."""
    bad = (*SMALL, "--encoder", "auto", "--epochs", "1", "--learning-rate", "1e-9")
    run = read_run(finished_run(folder, *bad, "--run", "runs/auto", "--force"))
    best = best_closed_form(dataset, window=6)
    assert run.config.encoder.encoder == best.model.name
    written = json.loads((run.path / "config.json").read_text())
    assert written["asked"]["encoder"]["encoder"] == "auto"
    assert run.metrics.closed_form["kept"] == best.kept


def test_there_is_no_going_on_from_what_was_computed(folder):
    bad = (*SMALL, "--encoder", "auto", "--epochs", "1", "--learning-rate", "1e-9")
    finished_run(folder, *bad, "--run", "runs/computed", "--force")
    finished_run(folder, *DATA, "--encoder", "ease", "--run", "runs/ease", "--force")
    for name, said in {
        "computed": "--continue-from: expected a run with a network",
        "ease": "--continue-from: expected --encoder sasrec or gru4rec or auto. Received: ease.",
    }.items():
        code, _, err = run_command(folder, "--continue-from", f"runs/{name}", "--run", "runs/on")
        assert code == 2 and said in err and "Traceback" not in err
        assert not (folder / "runs/on").exists()


def test_a_network_says_that_something_simpler_is_better(folder):
    bad = (*SMALL, "--epochs", "1", "--learning-rate", "1e-9", "--run", "runs/bad", "--force")
    code, _, err = run_command(folder, *bad)
    assert code == 0
    said = " ".join(err.split())
    assert "which takes seconds, is better in validation" in said
    assert said.endswith("--encoder auto takes the better one.")


def test_auto_keeps_the_network_that_is_better(folder):
    good = (*SMALL, "--encoder", "auto", "--epochs", "20", "--run", "runs/good", "--force")
    run = read_run(finished_run(folder, *good))
    if run.config.encoder.encoder == "sasrec":
        assert run.metrics.closed_form is None
    more = finished_run(folder, "--resume", "--run", "runs/good", "--epochs", "21")
    assert len((more / "history.csv").read_text().splitlines()) == 22
