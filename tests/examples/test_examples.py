"""The examples run as they stand, as a script in a folder of their own."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run_example(name: str, folder: Path) -> list[str]:
    """What the example prints, a line each."""
    path = os.pathsep.join(filter(None, [str(HERE.parents[1]), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, HERE / name],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_a_notebook_of_fifteen_lines(tmp_path):
    figures, model, *answers = run_example("notebook.py", tmp_path)
    _, mine, _, popularity = figures.split()
    assert float(mine) > float(popularity)
    assert model == "models/seqrec/1 verified"
    # One who has seen three films, and one who has seen none: five different titles each.
    assert [len(set(ast.literal_eval(titles))) for titles in answers] == [5, 5]
    assert (tmp_path / "runs/latest/metrics.json").is_file()
    source = ast.parse((HERE / "notebook.py").read_text(encoding="utf-8"))
    statements = [node for node in ast.walk(source) if isinstance(node, ast.stmt)]
    assert len(statements) - 1 <= 15  # the docstring is one


def test_keras_models_answer_as_brute_force_retrieval_does(tmp_path):
    lines = run_example("keras_io_models.py", tmp_path)
    assert [line.split()[0] for line in lines] == ["models/sasrec/1", "models/gru4rec/1"]
    for line in lines:
        graph, keras = json.loads(f"[{line.split(maxsplit=1)[1].replace('] [', '], [')}]")
        assert graph == keras and len(graph) == 5
