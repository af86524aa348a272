"""Training on from another run: whose weights an item gets, and what would not be honest."""

import argparse
import dataclasses
import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from seqrec_tf.command import Parser
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.dataset import load_dataset
from seqrec_tf.errors import InputError
from seqrec_tf.json_files import write_json
from seqrec_tf.models import build_encoder
from seqrec_tf.options import add_config_options, build_config, given_options
from seqrec_tf.runs.directory import ITEMS, LOG, METRICS, MODEL, Run, create_run
from seqrec_tf.settings.checks import check_config
from seqrec_tf.settings.config import DataConfig, EncoderConfig, RunConfig, TrainingConfig
from seqrec_tf.settings.config_files import with_asked
from seqrec_tf.training.continuing import carry_over, read_start

SMALL = EncoderConfig(window=5, dim=8, layers=1)


def _catalogue(ids) -> Catalogue:
    ids = np.array(ids, np.int64 if isinstance(ids[0], int) else object)
    return Catalogue(ids, ids.astype(str).astype(object), np.ones(len(ids), np.int64), "item_ids")


CATALOGUES = {
    "the same": ([1, 2, 3], [1, 2, 3], [1, 2, 3]),
    "one before, so that rows shift": ([5, 6, 7], [4, 5, 6, 7], [0, 1, 2, 3]),
    "one gone, one added": ([1, 2, 3], [1, 3, 9], [1, 3, 0]),
    "texts": (["a", "b"], ["aa", "b", "c"], [0, 2, 0]),
    "numbers that became texts": ([7, 12], ["007", "12", "7"], [0, 2, 1]),
    "texts that became numbers": (["007", "12", "7"], [7, 12], [3, 2]),
}


KINDS = [{}, {"tied": False, "positions": "relative"}, {"encoder": "gru4rec", "tied": False}]


@pytest.mark.parametrize(
    ("settings", "kind"),
    [(KINDS[1], kind) for kind in CATALOGUES] + [(each, list(CATALOGUES)[1]) for each in KINDS],
)
def test_an_item_keeps_its_weights_by_its_id(settings, kind):
    before, now, rows = CATALOGUES[kind]
    config = dataclasses.replace(SMALL, **settings)
    old, new = build_encoder(config, len(before)), build_encoder(config, len(now))
    fresh = [weight.numpy() for weight in new.weights]
    run = Run(Path("old"), RunConfig(), {}, old, _catalogue(before))
    carry_over(run, new, _catalogue(now))
    tables = 0
    for kept, first, weight in zip(old.weights, fresh, new.weights, strict=True):
        if kept.shape == (len(before) + 1, config.dim):
            tables += 1
            known = kept.numpy()
            expected = [known[r] if r else first[i] for i, r in enumerate(rows, start=1)]
            np.testing.assert_array_equal(weight.numpy(), [known[0], *expected])
        else:
            np.testing.assert_array_equal(weight.numpy(), kept.numpy())
    assert tables == (1 if config.tied else 2)


def _write_log(path: Path, users: int = 6, length: int = 6, first: int = 0, letters="") -> Path:
    rows = [
        f"{user},{letters}{(user + step) % 9 + 1},{first + 100 * step + user}"
        for user in range(1, users + 1)
        for step in range(length)
    ]
    path.write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    return path


def _finished(folder: Path, name: str, **data) -> Run:
    """A run of an untrained encoder on the log of `folder`."""
    asked = DataConfig(interactions=str(folder / "log.csv"), **data)
    dataset = load_dataset(asked)
    config = RunConfig(dataset.config, SMALL, TrainingConfig(epochs=7, min_steps=9))
    wanted = RunConfig(asked, SMALL, dataclasses.replace(config.training, epochs=3))
    create_run(folder / name, config)
    write_json(folder / name / "config.json", with_asked(config, wanted))
    write_json(folder / name / LOG, dataset.log.as_dict())
    build_encoder(SMALL, dataset.catalogue.size).save(folder / name / MODEL)
    dataset.catalogue.write(folder / name / ITEMS)
    write_json(folder / name / METRICS, {"protocol": dataset.protocol})
    return dataset


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Finished runs under P2 (`p2`) and PT (`pt`), whose cuts come from the log."""
    folder = tmp_path_factory.mktemp("continuing")
    _write_log(folder / "log.csv")
    for name in ("P2", "PT"):
        _finished(folder, name.lower(), protocol=name)
    (folder / "latest").symlink_to("p2")
    return folder


def _build(folder: Path, text: str) -> RunConfig:
    parser = Parser()
    parser.add_argument("--config", type=Path)
    add_config_options(parser)
    arguments: argparse.Namespace = parser.parse_args(shlex.split(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return build_config(given_options(vars(arguments)), arguments.config)


def test_settings_are_those_of_the_run_as_they_were_asked_for(folder):
    config = _build(folder, "--continue-from latest --interactions new.csv --learning-rate 0.5")
    assert config.training.continue_from == "p2"  # the run, not the link
    assert (config.encoder, config.training.learning_rate) == (SMALL, 0.5)
    assert (config.data.interactions, config.data.id_type) == ("new.csv", "auto")
    assert (config.training.epochs, config.training.min_steps) == (3, 9)
    later = _build(folder, "--continue-from pt")
    assert (later.data.protocol, later.data.validation_from) == ("PT", None)
    typed = _build(folder, "--continue-from pt --validation-from 3 --epochs 4 --dropout 0.5")
    assert (typed.data.validation_from, typed.training.min_steps) == (3.0, 0)
    check_config(typed)


def test_another_source_of_data_replaces_the_old_one(folder):
    config = _build(folder, "--continue-from p2 --dataset ml-1m --data-dir there")
    assert (config.data.interactions, config.data.dataset) == (None, "ml-1m")
    write_json(folder / "ml.json", config.as_dict())
    config = _build(folder, "--config ml.json --interactions mine.csv")
    assert (config.data.dataset, config.data.data_dir) == ("demo", None)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--continue-from gone", "gone: no such run"),
        ("--continue-from log.csv", "log.csv: expected a finished run"),
        ("--continue-from p2 --config p2/config.json", "--continue-from and --config: expected on"),
        (
            "--continue-from p2 --dim 16",
            "--dim: --continue-from keeps the encoder; expected 8. Rec",
        ),
        ("--continue-from p2 --encoder gru4rec", "--encoder: --continue-from keeps the encoder"),
        ("--continue-from p2 --recipe best-sasrec", "--window: --continue-from keeps the encoder"),
        ("--continue-from p2 --seed -1", "--seed: expected at least 0"),
    ],
)
def test_flags_that_do_not_go_together(folder, flags, message):
    with pytest.raises(InputError, match=message):
        _build(folder, flags)


def _start(folder: Path, run: str, log: Path, **data) -> Run:
    config = dataclasses.replace(DataConfig(interactions=str(log)), **data)
    return read_start(str(folder / run), load_dataset(config))


def test_a_log_that_has_grown_is_split_by_itself(folder, tmp_path, capsys):
    grown = _write_log(tmp_path / "grown.csv", users=8, length=9)
    assert _start(folder, "p2", grown, protocol="P2").catalogue.size == 9
    assert "9 of 9 items carried over, 0 are new" in capsys.readouterr().err
    dataset = load_dataset(DataConfig(interactions=str(grown), protocol="PT"))
    kept = json.loads((folder / "pt/config.json").read_text())["data"]["validation_from"]
    assert dataset.config.validation_from > kept
    read_start(str(folder / "pt"), dataset)


@pytest.mark.parametrize(
    ("run", "log", "data", "message"),
    [
        ("p2", {}, {"protocol": "PT"}, "--protocol: .*p2 was trained under P2, and would be"),
        ("pt", {}, {"protocol": "P2"}, "--protocol: .*pt was trained under PT"),
        ("p2", {}, {"protocol": "P1", "min_item_count": 1}, "same protocol and filters. Received"),
        ("p2", {}, {"protocol": "P2", "min_user_count": 3}, "Received: P2 .min_user_count=3"),
        (
            "pt", {"length": 9}, {"protocol": "PT", "validation_from": 300.0},
            "--validation-from: .*pt was trained on what is before .* Received: 300.",
        ),
        ("p2", {"letters": "x"}, {"protocol": "P2"}, "expected data with items of .*none of the 9"),
    ],
)  # fmt: skip
def test_what_would_be_tested_on_what_it_was_trained_on(folder, tmp_path, run, log, data, message):
    with pytest.raises(InputError, match=message):
        _start(folder, run, _write_log(tmp_path / "new.csv", **log), **data)


def test_a_log_that_ends_earlier_is_doubtful(folder, tmp_path, capsys):
    _start(folder, "p2", _write_log(tmp_path / "short.csv", length=5), protocol="P2")
    assert "warning: " in (err := capsys.readouterr().err) and "it may know what it is" in err
