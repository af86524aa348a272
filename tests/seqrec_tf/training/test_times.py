"""Times on their way from the log to the encoder, and what a model learns of them."""

import dataclasses
import shlex

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from helpers.tensors import ragged
from helpers.tiny_runs import finished_run, run_command, write_log

from seqrec_tf.data.splits import Queries
from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.ranking import encoder_scorer, rank
from seqrec_tf.runs.dataset import dataset_of_run
from seqrec_tf.runs.directory import read_run
from seqrec_tf.settings.config import EncoderConfig, TrainingConfig
from seqrec_tf.training.pipeline import training_data

WINDOW, ITEMS = 4, 100
LENGTHS = [9, 2, 1, 5, 4, 6]
DAY = 86_400
TINY = shlex.split(
    "--interactions log.csv --dim 8 --layers 1 --window 6 --batch-size 16 --learning-rate 0.02 "
    "--schedule constant --dropout 0 --patience 30 --epochs 30 --min-steps 0 --no-blend --time-bias"
)


@pytest.mark.parametrize("examples", ["positions", "slices", "prefixes"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_every_item_of_a_batch_comes_with_its_time_and_that_of_its_target(examples, dropout):
    rows = tf.RaggedTensor.from_row_lengths(tf.range(1, sum(LENGTHS) + 1), LENGTHS)
    times = rows.with_flat_values(tf.cast(rows.flat_values, tf.int64) * 1_000)
    training = TrainingConfig(
        epochs=3, batch_size=2, examples=examples, item_dropout=dropout, length_buckets=2
    )
    encoder = EncoderConfig(window=WINDOW, time_bias=True)
    data = training_data(rows, ITEMS, encoder, training, times=times)
    seen = 0
    for inputs, targets in data.batches:
        read, when = inputs["rows"].numpy(), inputs["times"].numpy()
        assert when.shape == (read.shape[0], read.shape[1] + 1)
        np.testing.assert_array_equal(when[:, :-1][read > 0], 1_000 * read[read > 0])
        asked = targets.numpy() > 0
        np.testing.assert_array_equal(when[:, 1:][asked], 1_000 * targets.numpy()[asked])
        seen += asked.sum()
    assert seen > 0


def test_who_reads_no_times_is_given_none():
    rows = ragged([[1, 2, 3]])
    times = ragged([[5, 6, 7]], tf.int64)
    data = training_data(rows, ITEMS, EncoderConfig(), TrainingConfig(epochs=1), times=times)
    assert set(next(iter(data.batches))[0]) == {"rows"}


def test_queries_are_ranked_with_their_own_times():
    asked = []

    def scorer(histories, times=None):
        asked.extend(zip(histories.to_list(), times.to_list(), strict=True))
        return tf.zeros([histories.nrows(), 10])

    histories, times = [[1, 2, 3], [4], [5, 6]], [[1, 2, 3, 9], [4, 7], [5, 6, 6]]
    queries = Queries(ragged(histories), tf.constant([7, 8, 9]), times=ragged(times, tf.int64))
    rank(scorer, queries, 9, batch_size=2)
    assert sorted(asked) == sorted(zip(histories, times, strict=True))
    some = queries.chosen(np.array([0, 2]))
    assert some.times.to_list() == [times[0], times[2]]


def _gap_log(folder) -> None:
    """After an item of one number comes one of the next: "soon", or "late" after a month."""
    generator = np.random.default_rng(0)
    lines = ["user_id,item_id,timestamp"]
    for user in range(300):
        at = 1_600_000_000 + int(generator.integers(0, 10**7))
        first = int(generator.integers(8))
        for number in range(first, first + 6):
            late = bool(generator.integers(2))
            at += int(generator.integers(25, 35)) * (DAY if late else 1)
            lines.append(f"u{user},{'late' if late else 'soon'}{number % 8},{at}")
    (folder / "log.csv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("encoder", ["sasrec", "gru4rec"])
def test_what_only_times_can_tell_is_learnt(tmp_path, encoder):
    _gap_log(tmp_path)
    run = read_run(finished_run(tmp_path, *TINY, "--encoder", encoder))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        queries = dataset_of_run(run).split.test
    scorer, items = encoder_scorer(run.measured), run.catalogue.size
    told = rank(scorer, queries, items).ranks
    assert (told == 0).mean() > 0.9
    # Without times it is one of the two, and a coin decides.
    guessed = rank(scorer, dataclasses.replace(queries, times=None), items).ranks
    assert 0.35 < (guessed == 0).mean() < 0.65 and (guessed <= 1).mean() > 0.9
    # The run says both.
    metrics = run.metrics
    for figures, ranks in ((metrics.test, told), (metrics.without_times, guessed)):
        assert figures["hit_rate@5"] == pytest.approx((ranks < 5).mean(), abs=1e-6)
        assert figures["mrr@10"] == pytest.approx((1 / (ranks + 1)).mean(), abs=1e-3)
    note = f"of requests that do not, NDCG@10 is {metrics.without_times['ndcg@10']:.4f}"
    assert note in " ".join(run.cards["README.md"].decode().split())


@pytest.mark.parametrize(
    ("time", "received"),
    [
        (lambda user, step: 7 * step + 1, "the same one, 7, everywhere"),
        (lambda user, step: 1_600_000_000, "the same one, 0, everywhere"),
        (lambda user, step: step * step, "0."),
        (lambda user, step: step * step - 1_000, "-1000."),
    ],
    ids=["places", "equal", "zero", "before 1970"],
)
def test_times_that_say_nothing_are_refused_in_a_line(tmp_path, time, received):
    lines = [f"u{u},i{(u + n) % 7},{time(u, n)}" for u in range(20) for n in range(6)]
    (tmp_path / "log.csv").write_text("\n".join(["user_id,item_id,timestamp", *lines]) + "\n")
    code, out, err = run_command(tmp_path, *TINY)
    assert (code, out) == (2, "")
    line = err.splitlines()[-1]
    assert line.startswith("error: --time-bias: expected") and received in line
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("timed", [True, False])
def test_a_run_that_reads_times_is_measured_with_no_others(tmp_path, timed):
    _gap_log(tmp_path)
    flags = TINY if timed else [flag for flag in TINY if flag != "--time-bias"]
    run = finished_run(tmp_path, *flags, "--epochs", "1")
    log = pd.read_csv(tmp_path / "log.csv")
    log["timestamp"] *= 1000  # milliseconds: the same order, and the same parts
    log.to_csv(tmp_path / "log.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        if timed:
            with pytest.raises(InputError, match="the times of interactions differ"):
                dataset_of_run(read_run(run))
        else:
            dataset_of_run(read_run(run))


def test_an_item_item_model_has_no_use_for_times(tmp_path):
    write_log(tmp_path)
    flags = shlex.split("--interactions log.csv --encoder ease --time-bias")
    code, _, err = run_command(tmp_path, *flags)
    assert code == 2 and "error: --time-bias: expected --encoder sasrec" in err
