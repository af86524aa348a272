"""Two runs on the same queries, through the command."""

import json

import numpy as np
import pytest
from helpers.tiny_runs import SMALL, finished_run, write_log
from matplotlib.image import imread

from seqrec_tf import compare, evaluate
from seqrec_tf.errors import InputError
from seqrec_tf.runs.directory import read_run

DATA = ("--interactions", "log.csv", "--titles", "titles.csv", "--id-name", "skus")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_log(tmp_path_factory.mktemp("compare"))
    finished_run(folder, *SMALL, "--epochs", "1", "--run", "runs/network")
    finished_run(folder, *DATA, "--encoder", "ease", "--refit", "--run", "runs/ease")
    finished_run(folder, *DATA, "--encoder", "ease", "--protocol", "PT", "--run", "runs/pt")
    many = ("--encoder", "ease", "--min-sequence-length", "6", "--run", "runs/long")
    finished_run(folder, *DATA, *many)
    return folder


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def command(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["evaluate", *arguments])
    code = 0
    try:
        evaluate.main()
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    return code, said.out, said.err


def test_figures_are_those_of_the_runs_and_the_differences_are_bs_less_as():
    found = compare("runs/network", "runs/ease")
    metrics = [read_run(f"runs/{name}").metrics.test for name in ("network", "ease")]
    for name, values in found.figures.items():
        assert values == pytest.approx([each[name] for each in metrics], abs=1e-6)
        assert found.differences[name].mean == pytest.approx(values[1] - values[0], abs=2e-6)
        assert found.differences[name].margin >= 0
    assert found.differences["ndcg@10"].margin > 0
    more, fewer = found.better
    assert 0 <= more + fewer <= found.users
    assert {"A", "B"} < set(found.breakdown["popularity"][0])


def test_a_run_is_as_good_as_itself():
    found = compare("runs/ease", read_run("runs/ease"))
    assert found.better == (0, 0)
    assert all((each.mean, each.margin) == (0, 0) for each in found.differences.values())


def test_table_and_picture(monkeypatch, capsys, folder):
    arguments = ("runs/network", "runs/ease", "--picture", "c.png")
    code, out, _ = command(monkeypatch, capsys, *arguments)
    assert code == 0
    assert "A: runs/network" in out and "B: runs/ease" in out and "B less A, 95 %" in out
    assert " targets higher than A, and " in out and "NDCG@10 (test, paired, 95 %)." in out
    assert np.ptp(imread(folder / "c.png")) > 0.5


def test_json(monkeypatch, capsys):
    code, out, _ = command(monkeypatch, capsys, "runs/network", "runs/ease", "--json")
    assert code == 0 and set(json.loads(out)["differences"]["ndcg@10"]) == {"mean", "margin"}


@pytest.mark.parametrize(
    ("other", "said"),
    [("runs/pt", "protocol PT over"), ("runs/long", "P1 (min_sequence_length=6)")],
)
def test_other_queries_are_refused(other, said):
    with pytest.raises(InputError, match="expected two runs with the same test queries") as error:
        compare("runs/ease", other)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["runs/ease"] * 3, "evaluate: expected one run, or two to compare. Received: 3."),
        (["runs/ease", "--picture", "c.png"], "--picture: expected two runs to compare; "),
        (["runs/ease", "runs/ease", "--picture", "none/c.png"], "--picture: expected a .png in a"),
        (["runs/ease", "runs/ease", "--picture", "c.docx"], "--picture: expected a .png in a"),
        (["runs/ease", "runs/ease", "--protocol", "P1"], "--protocol: expected one run; "),
    ],
)
def test_what_makes_no_sense_is_refused(monkeypatch, capsys, arguments, said):
    code, _, err = command(monkeypatch, capsys, *arguments)
    assert code == 2 and said in err
