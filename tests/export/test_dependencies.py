"""`export` reads what the first stage wrote, knows nothing of the third, and helps at once."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted((REPOSITORY / "export").rglob("*.py"))


def imports(path: Path) -> list[tuple[str, str]]:
    """(module, name) of every import; the name is "" for `import module`."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found += [(node.module, alias.name) for alias in node.names]
    return found


def test_there_are_modules_to_look_at():
    assert {"__main__.py", "recommender.py", "proof.py"} <= {path.name for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_imports_serving_or_tests(path):
    assert not {module.split(".")[0] for module, _ in imports(path)} & {"serving", "tests"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_what_is_imported_of_seqrec_tf_exists(path):
    for module, name in imports(path):
        if module.split(".")[0] == "seqrec_tf":
            assert importlib.util.find_spec(module), module
            assert not name or hasattr(importlib.import_module(module), name), f"{module}.{name}"


def test_the_proof_knows_nothing_of_the_encoders():
    """It must not be able to answer with the model that it checks."""
    for name in ("proof.py", "signature_runner.py", "lite_runner.py", "compare.py", "ops.py"):
        modules = {module for module, _ in imports(REPOSITORY / "export" / name)}
        assert not {module for module in modules if module.startswith(("seqrec_tf", "keras"))}


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
