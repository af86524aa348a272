"""Where histories come from: a run's own data, or draws where there is none."""

import dataclasses

import pytest

from export import exporter
from export.exporter import export_run
from export.litert.samples import drawn_samples, run_samples, samples_for
from export.options import ExportOptions
from seqrec_tf.errors import InputError
from seqrec_tf.runs.dataset import dataset_of_run

# User u watched rows u, u + 1, ..., 12; so the last two, 11 and 12, are held out for most.
WATCHED = {user: list(range(user, 13)) for user in range(1, 11)}


@pytest.fixture
def run(build, tmp_path):
    """The successor encoder's, with interactions whose ids are 11, 22, ..., 132."""
    lines = [f"{u},{11 * row},{row}" for u, rows in WATCHED.items() for row in rows]
    log = tmp_path / "log.csv"
    log.write_text("\n".join(["user_id,item_id,timestamp", *lines]) + "\n")
    data = {"interactions": str(log), "protocol": "P2"}
    return build.run(tmp_path / "run", build.successor_encoder(), build.catalogue("int64"), **data)


def test_representative_histories_are_beginnings_of_the_training_part(run):
    samples = run_samples(run, dataset_of_run(run))
    assert len(samples.representative) == 10
    for history, timestamps, now in samples.representative:
        user = history[0] // 11
        assert history
        assert history == [11 * row for row in WATCHED[user]][: len(history)]
        assert max(history) <= 110
        assert [11 * time for time in timestamps] == history  # a row's time is its number
        # Asked when the next one came; at the last one's time where there is no next.
        assert now in (history[-1] // 11 + 1, history[-1] // 11)


def test_compared_are_the_test_queries_with_what_came_next(run):
    samples = run_samples(run, dataset_of_run(run))
    expected = [[11 * row for row in rows[:-1]] for rows in WATCHED.values()]
    assert [asked.ids for asked in samples.compared] == expected
    for asked in samples.compared:
        assert [11 * time for time in asked.timestamps] == asked.ids and asked.now == 12
    assert samples.targets == [132] * 10
    assert samples.source == "10 of 10 test users of P2, seed 0"


def test_fewer_than_there_are_are_drawn_the_same_every_time(run):
    first, again = (run_samples(run, dataset_of_run(run), compared=4) for _ in range(2))
    assert len(first.compared) == len(first.targets) == 4
    assert first == again and first.source.startswith("4 of 10 test users")


@pytest.mark.parametrize("mode", ["float16", "dynamic"])
def test_without_its_data_a_run_is_compared_on_drawn_histories(run, tmp_path, mode):
    (tmp_path / "log.csv").unlink()
    samples = samples_for(run, mode, lambda: dataset_of_run(run))
    assert samples.targets is None
    (warning,) = samples.warnings
    assert warning.startswith("NDCG was not measured") and "log.csv" in warning


def test_int8_needs_the_data(run, tmp_path):
    (tmp_path / "log.csv").unlink()
    with pytest.raises(
        InputError, match="--quantize int8: expected the histories that .*log.csv: expected a file"
    ):
        samples_for(run, "int8", lambda: dataset_of_run(run))


@pytest.mark.parametrize(
    "options",
    [
        {"quantize": "float16"},
        {"quantize": "dynamic"},
        {"quantize": "int8"},
        {"precision": "int8"},
        {"retrieval": "ivf"},
    ],
    ids=lambda options: next(iter(options.values())),
)
def test_nothing_is_measured_on_another_log(run, tmp_path, options):
    run = dataclasses.replace(run, log=dataset_of_run(run).log)
    log = tmp_path / "log.csv"
    log.write_text(log.read_text() + "10,110,13\n10,99,14\n")
    formats = ("tflite",) if "quantize" in options else ("savedmodel",)
    options = ExportOptions(output=tmp_path / "models", k=4, formats=formats, **options)
    message = "expected the log that it was trained on.*log.csv, 2 interactions more, the last ti"
    with pytest.raises(InputError, match=message):
        export_run(run, options)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("options", "times"),
    [({"quantize": "dynamic", "precision": "float16"}, 1), ({"precision": "int8"}, 1), ({}, 0)],
    ids=["both", "index", "neither"],
)
def test_the_data_is_read_once_if_it_is_needed(run, monkeypatch, options, times):
    read = []

    def reading(run):
        read.append(run)
        return dataset_of_run(run)

    monkeypatch.setattr(exporter, "dataset_of_run", reading)
    # What is built from it is tested elsewhere.
    monkeypatch.setattr(exporter, "export_encoder", lambda *given: given[-1])
    origin = export_run(run, ExportOptions(formats=("tflite", "savedmodel"), k=4, **options))
    assert len(read) == times
    assert (origin.split is not None) == ("precision" in options)
    assert (origin.samples is not None) == ("quantize" in options)


def test_nothing_is_needed_without_quantisation(run, tmp_path):
    (tmp_path / "log.csv").unlink()
    assert samples_for(run, "none", lambda: dataset_of_run(run)) is None


@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_drawn_histories_follow_the_popularity(build, id_type):
    catalogue = build.catalogue(id_type)
    samples = drawn_samples(catalogue, window=3)
    lengths = {len(asked.ids) for asked in samples.compared}
    assert lengths == set(range(1, 7))
    drawn = [raw for asked in samples.compared for raw in asked.ids]
    shares = [drawn.count(raw) / len(drawn) for raw in catalogue.ids]
    assert shares == pytest.approx(catalogue.popularity()[1:].tolist(), abs=0.03)
    assert len(samples.representative) == 200 and samples.targets is None
