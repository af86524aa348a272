"""The proof knows nothing of the encoders."""

import ast

from helpers.processes import REPOSITORY


def imported(module: str) -> set[str]:
    """Modules that a module of this project imports, anywhere in it but for type checkers only."""
    path = REPOSITORY / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    parents = {module.rsplit(".", n)[0] for n in range(1, module.count(".") + 1)}
    if not path.is_file():
        return parents
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found | parents


def reached(start: list[str]) -> set[str]:
    """Those modules, and all that they import, and so on within this project."""
    found, waiting = set(), list(start)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            if module.split(".")[0] in ("export", "seqrec_tf"):
                waiting += imported(module)
    return found


def test_the_proof_knows_nothing_of_the_encoders():
    """It must not be able to answer with the model that it checks."""
    names = [path.stem for path in (REPOSITORY / "export/proof").glob("*.py")]
    modules = reached([f"export.proof.{name}" for name in names])
    assert {"export.proof.runner", "export.litert.runner", "tensorflow"} <= modules
    strange = ("keras", "keras_hub", "keras_rs", "tf_keras", "seqrec_tf.models", "export.sources")
    assert not {m for m in modules if m.startswith(strange)}
    assert "seqrec_tf.models" in reached(["export.exporter"])
