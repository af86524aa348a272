"""A short training on MovieLens-100K learns more than the baselines know.

About two minutes on two cores. It asserts accuracy, not time.
"""

import json
import subprocess
import sys

MARGINS = {"item-knn": 1.0, "ease": 1.0}  # strong models of their own
MARGIN = 1.15  # over the others
# The recipe made small; validation, not this test, chose its numbers.
SMALL = ["--dim=64", "--heads=1", "--window=100", "--learning-rate=0.003", "--epochs=20"]


def test_a_small_model_beats_every_baseline(real_data, tmp_path):
    data = ["--dataset", "ml-100k", "--data-dir", str(real_data / "ml-100k")]
    command = [sys.executable, "-m", "seqrec_tf.train", *data, *SMALL, "--run", "run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["protocol"] == "P1"
    own = metrics["test"]
    for name, baseline in metrics["baselines"].items():
        for metric in ("ndcg@10", "hit_rate@10"):
            margin = MARGINS.get(name, MARGIN)
            assert own[metric] > margin * baseline[metric], (name, metric)
    assert metrics["blend"]["blended"] > metrics["blend"]["alone"]
