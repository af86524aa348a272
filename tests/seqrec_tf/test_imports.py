"""`seqrec_tf` is the first stage: it knows nothing of the two that come after it."""

import ast
import configparser
from pathlib import Path

import pytest

import seqrec_tf

PACKAGE = Path(seqrec_tf.__file__).parent
REPOSITORY = Path(__file__).resolve().parents[2]
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
    source = (
        "import os.path\ndef f():\n    if 1:\n        from export.litert.graph import convert\n"
    )
    assert _imported(source) == {"os", "export"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_module_imports_a_later_stage(path):
    assert not _imported(path.read_text(encoding="utf-8")) & LATER_STAGES


def test_every_package_is_installed():
    # An editable installation finds a package that setup.cfg has forgotten; a real one does not.
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    listed = set(setup["options"]["packages"].split())
    found = {
        ".".join(path.parent.relative_to(REPOSITORY).parts)
        for stage in ("seqrec_tf", "export", "serving")
        for path in (REPOSITORY / stage).rglob("__init__.py")
    }
    assert listed == found
