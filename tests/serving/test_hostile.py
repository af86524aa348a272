"""Requests nobody should send, by the hundreds; the benchmark of the same name sends 100,000."""

import json
import subprocess
import sys

from helpers.processes import REPOSITORY


def test_a_server_stands(model_root):
    command = [sys.executable, "tests/benchmarks/serving_hostile.py", "--requests=700"]
    place = f"--model_base_path={model_root / 'zoo'}"
    ended = subprocess.run(
        [*command, place, "--without=slow"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    counts = json.loads(ended.stdout)
    assert counts["requests"] > 1000 and counts["200"] > 10 and counts["400"] > 300
