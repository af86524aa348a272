"""`seqrec_tf` is the first stage: it knows nothing of the two that come after it."""

import ast
from pathlib import Path

import pytest

import seqrec_tf

PACKAGE = Path(seqrec_tf.__file__).parent
LATER_STAGES = {"export", "serving"}


def _imported(source: str) -> set[str]:
    """Top-level names of all modules that a source imports, at any depth of nesting."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return {name.split(".")[0] for name in names}


def test_imports_are_found_wherever_they_stand():
    source = "import os.path\ndef f():\n    if 1:\n        from export.lite import convert\n"
    assert _imported(source) == {"os", "export"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_module_imports_a_later_stage(path):
    assert not _imported(path.read_text(encoding="utf-8")) & LATER_STAGES
