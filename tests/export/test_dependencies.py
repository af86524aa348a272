"""The proof knows nothing of the encoders; help comes at once."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.rooms import imports

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "export/proof").glob("*.py")), ids=lambda path: path.name
)
def test_the_proof_knows_nothing_of_the_encoders(path):
    """It must not be able to answer with the model that it checks."""
    found = set(imports(path))
    assert not {module for module in found if module.startswith(("seqrec_tf.models", "keras"))}


@pytest.mark.parametrize("module", ["export", "export.batch"])
def test_help_needs_no_tensorflow(module):
    code = f"""
import runpy, sys
sys.argv = ["x", "--help"]
try:
    runpy.run_module({module!r}, run_name="__main__")
except SystemExit as ended:
    print(ended.code, "tensorflow" in sys.modules, "keras" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "examples:" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 False False"
