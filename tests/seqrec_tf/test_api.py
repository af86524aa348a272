"""`import seqrec_tf`: cheap, and everything that the commands do, as functions."""

import json
import subprocess
import sys

import pytest
from helpers.tiny_runs import write_log

import seqrec_tf
from seqrec_tf.evaluate import main as evaluate_command

TINY = dict(
    interactions="log.csv",
    titles="titles.csv",
    dim=8,
    layers=1,
    window=6,
    batch_size=8,
    schedule="constant",
    warmup=0.0,
    epochs=1,
)


def _in_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_and_naming_everything_loads_neither_tensorflow_nor_pandas():
    heavy = _in_python(
        "import sys, seqrec_tf\n"
        "for name in seqrec_tf.__all__: getattr(seqrec_tf, name)\n"
        "print([n for n in ('tensorflow', 'keras', 'pandas', 'numpy') if n in sys.modules])"
    )
    assert heavy == "[]"


def test_names_are_those_that_are_listed():
    assert set(seqrec_tf.__all__) <= set(dir(seqrec_tf))
    with pytest.raises(AttributeError, match="'seqrec_tf' has no attribute 'trian'"):
        seqrec_tf.trian  # noqa: B018


@pytest.mark.parametrize("name", ["train", "evaluate"])
@pytest.mark.parametrize(
    "imports",
    [
        "import seqrec_tf",
        "import seqrec_tf.{name}",
        "import seqrec_tf; seqrec_tf.{name}; import seqrec_tf.{name}",
        "from seqrec_tf.{name} import main; import seqrec_tf",
        "import seqrec_tf.api, seqrec_tf.{name}",
    ],
)
def test_train_and_evaluate_are_called_whatever_was_imported_before(name, imports):
    code = f"{imports}\nimport inspect\nfrom seqrec_tf import {name}, api\n"
    code += f"assert inspect.signature(seqrec_tf.{name}) == inspect.signature(api.{name})\n"
    code += f"assert {name} is seqrec_tf.{name} and callable({name}.main)\n"
    code += f"try: seqrec_tf.{name}(1, 2, 3)\nexcept TypeError as error: print(error)"
    assert _in_python(code.format(name=name)).startswith(f"{name}() takes ")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def run(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return seqrec_tf.train(seqrec_tf.configure(**TINY), "runs/one")


def test_training_gives_the_run_that_it_wrote(folder, run, monkeypatch):
    monkeypatch.chdir(folder)
    assert isinstance(run, seqrec_tf.Run) and (str(run.path), run.catalogue.size) == (
        "runs/one",
        12,
    )
    assert run.config.encoder.dim == 8 and run.config.training.recipe == "auto"
    again = seqrec_tf.read_run("runs/latest")
    assert (again.metrics, again.config) == (run.metrics, run.config)
    assert run.metrics.as_dict() == json.loads((run.path / "metrics.json").read_text())


def test_evaluating_gives_what_the_command_prints(folder, run, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    for given in (run, "runs/one"):
        assert seqrec_tf.evaluate(given) == run.metrics
    sampled = seqrec_tf.evaluate(run, "P4")
    monkeypatch.setattr(sys, "argv", ["evaluate", "runs/one", "--protocol", "P4", "--json"])
    evaluate_command()
    assert json.loads(capsys.readouterr().out) == sampled.as_dict()


@pytest.mark.parametrize(
    ("protocol", "message"), [("P2", "was trained under P1"), ("P9", "one of")]
)
def test_a_protocol_that_would_leak_or_is_none(run, folder, protocol, message, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(seqrec_tf.InputError, match=message):
        seqrec_tf.evaluate(run, protocol)


def test_training_goes_on(folder, run, monkeypatch):
    monkeypatch.chdir(folder)
    seqrec_tf.train(run.config, "runs/longer")
    assert seqrec_tf.resume("runs/longer", epochs=2).config.training.epochs == 2
    assert len((folder / "runs/longer/history.csv").read_text().splitlines()) == 3
    with pytest.raises(seqrec_tf.InputError, match="--dim: a resumed run keeps its settings"):
        seqrec_tf.resume("runs/longer", dim=16)


def test_a_run_that_is_there_is_replaced_only_by_force(folder, run, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(seqrec_tf.InputError, match="runs/one exists"):
        seqrec_tf.train(run.config, "runs/one")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epoch": 3}, "expected fields of DataConfig, .* Received: 'epoch'"),
        ({"epochs": "3"}, "key 'epochs': expected int. Received: '3'"),
        ({"encoder": "bert"}, "key 'encoder': expected one of sasrec, gru4rec"),
        ({"dim": 6, "heads": 4}, "--heads: expected a divisor of --dim 6"),
    ],
)
def test_a_setting_that_makes_no_sense(settings, message):
    with pytest.raises(seqrec_tf.InputError, match=message):
        seqrec_tf.configure(**settings)


def test_a_configuration_by_hand_is_checked_too():
    config = seqrec_tf.RunConfig(encoder=seqrec_tf.EncoderConfig(dim=6, heads=4))
    with pytest.raises(seqrec_tf.InputError, match="--heads: expected a divisor"):
        seqrec_tf.train(config)
