"""The benchmarks, which no test runs, ask the packages for names that are there."""

import ast
import importlib.util

import pytest
from helpers.processes import REPOSITORY

SCRIPTS = sorted((REPOSITORY / "tests/benchmarks").glob("*.py"))
PACKAGES = ("seqrec_tf", "export", "serving")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_name_that_a_script_imports_is_there(script):
    """Also those that a function imports when it is called."""
    imports = [
        node
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in PACKAGES
    ]
    for node in imports:
        module = importlib.import_module(node.module)
        missing = [item.name for item in node.names if not _holds(module, item.name)]
        assert missing == [], f"{script.name}, line {node.lineno}: {node.module}"


def _holds(module: object, name: str) -> bool:
    if hasattr(module, name):
        return True
    return importlib.util.find_spec(f"{module.__name__}.{name}") is not None
