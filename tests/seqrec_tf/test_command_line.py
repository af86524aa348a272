"""`train` and `evaluate` answer `--help` at once, and a mistake with one line and exit code 2."""

import subprocess
import sys

import pytest

from seqrec_tf import evaluate, train

HELP = """
import runpy, sys
sys.argv = [{module!r}, "--help"]
try:
    runpy.run_module({module!r}, run_name="__main__")
except SystemExit as end:
    heavy = [name for name in ("tensorflow", "keras", "pandas") if name in sys.modules]
    sys.exit(f"exit code {{end.code}}, imported {{heavy}}" if end.code or heavy else 0)
"""


@pytest.mark.parametrize(
    ("module", "example"),
    [
        ("seqrec_tf.train", "  the demo, generated and offline:\n    python -m seqrec_tf.train\n"),
        ("seqrec_tf.evaluate", "  python -m seqrec_tf.evaluate\n"),
    ],
)
def test_help_has_examples_and_does_not_wait_for_tensorflow(module, example):
    done = subprocess.run(
        [sys.executable, "-c", HELP.format(module=module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m {module} ")
    assert f"examples:\n{example}" in done.stdout


@pytest.mark.parametrize(
    ("command", "argv", "message"),
    [
        (train, ["--no-such-flag"], "unrecognized arguments: --no-such-flag"),
        (train, ["--dim", "eight"], "argument --dim: invalid int value: 'eight'"),
        (train, ["--encoder", "bert"], "argument --encoder: invalid choice: 'bert'"),
        (train, ["--protocol", "P4"], "argument --protocol: invalid choice: 'P4'"),
        (evaluate, ["--protocol", "P9"], "argument --protocol: invalid choice: 'P9'"),
        (evaluate, ["runs/a", "runs/b"], "unrecognized arguments: runs/b"),
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
