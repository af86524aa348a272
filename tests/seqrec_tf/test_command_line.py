"""`train` and `evaluate` answer a mistake with one line and exit code 2."""

import sys

import pytest

from seqrec_tf import evaluate, train


@pytest.mark.parametrize(
    ("command", "argv", "message"),
    [
        (train, ["--no-such-flag"], "unrecognized arguments: --no-such-flag"),
        (train, ["--dim", "eight"], "argument --dim: invalid int value: 'eight'"),
        (train, ["--encoder", "bert"], "argument --encoder: invalid choice: 'bert'"),
        (train, ["--protocol", "P4"], "argument --protocol: invalid choice: 'P4'"),
        (evaluate, ["--protocol", "P9"], "argument --protocol: invalid choice: 'P9'"),
        (evaluate, ["a", "b", "c"], "evaluate: expected one run, or two to compare. Received: 3."),
        (train, ["--dim", "6", "--heads", "4"], "--heads: expected a divisor of --dim 6"),
        (train, ["--recipe", "secret"], "--recipe: expected one of auto, best-gru4rec"),
        (train, ["--config", "missing.json"], "missing.json"),
        (train, ["--resume"], "--resume: expected --run with the directory of a run"),
        (train, ["--resume", "--run", "nowhere"], "Received: --run nowhere."),
        (evaluate, [], "runs/latest: no such run; train one with"),
        (evaluate, ["nowhere"], "nowhere: no such run; train one with"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    command, argv, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["command", *argv])
    with pytest.raises(SystemExit) as end:
        command.main()
    output = capsys.readouterr()
    assert (end.value.code, output.out) == (2, "")
    assert output.err.startswith("error: ") and output.err.count("\n") == 1
    assert message in output.err
    assert not list(tmp_path.iterdir())
