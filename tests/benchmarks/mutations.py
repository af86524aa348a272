"""Change the code in small ways and see which changes no test notices.

    python tests/benchmarks/mutations.py export serving/models --count 60 --seed 0

Draws that many places in the given files or folders, changes one at a time in a copy of the
checkout (a comparison, an `and`, a constant, a condition, a call left out, ...) and runs the tests
that name the module, first failure ends it. Prints a JSON line a change; `survived` is what to look
at: a missing test, or a change that makes no difference. Nothing in the checkout is touched.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SECONDS = 600  # a test run that takes longer has noticed: something does not end
COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="+", help="files or folders below the checkout")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    files = sorted(path for place in options.places for path in python_files(REPOSITORY / place))
    every = [(path, number) for path in files for number in range(len(places(path)))]
    drawn = random.Random(options.seed).sample(every, min(options.count, len(every)))
    outcomes = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        ignored = shutil.ignore_patterns(".git", "__pycache__", ".venv", "runs", "models.*")
        shutil.copytree(REPOSITORY, copy, ignore=ignored)
        for path, number in drawn:
            fact = try_one(path.relative_to(REPOSITORY), number, copy)
            outcomes[fact["outcome"]] += 1
            print(json.dumps(fact), flush=True)
    print(json.dumps({"places": len(every), "seed": options.seed, **outcomes}))


def python_files(place: Path) -> Iterator[Path]:
    return iter([place]) if place.is_file() else place.rglob("*.py")


def try_one(module: Path, number: int, copy: Path) -> dict:
    """Change one place of a module, run its tests, and undo it."""
    text = (REPOSITORY / module).read_text(encoding="utf-8")
    changed, line, what = mutated(text, number)
    fact = {"module": str(module), "line": line, "what": what}
    tests = tests_of(module)
    if not tests:
        return fact | {"outcome": "no tests name it"}
    (copy / module).write_text(changed, encoding="utf-8")
    start = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
    environment = os.environ | {
        "PYTHONPATH": str(copy),
        "SEQREC_TEST_DATA": os.environ.get("SEQREC_TEST_DATA", str(REPOSITORY / "../shared/data")),
    }
    try:
        ended = subprocess.run(
            [*command, *tests], cwd=copy, env=environment, capture_output=True, timeout=SECONDS
        )
        outcome = "survived" if ended.returncode == 0 else "noticed"
    except subprocess.TimeoutExpired:
        outcome = "noticed"
    finally:
        (copy / module).write_text(text, encoding="utf-8")
    return fact | {"outcome": outcome, "seconds": round(time.monotonic() - start)}


def tests_of(module: Path) -> list[str]:
    """The tests of a module's name and those that import it; or else those of its importers."""
    dotted = ".".join(module.with_suffix("").parts).removesuffix(".__init__")
    folder = Path("tests", module.parts[0])
    found = importing(dotted, folder)
    found |= {path for path in all_in(folder) if path.stem.endswith(f"_{module.stem}")}
    found = {path for path in found if path.name.startswith("test_")}
    if not found:
        importers = importing(dotted, Path(module.parts[0])) - {module}
        found = {Path(test) for importer in importers for test in tests_of(importer)}
    return sorted(map(str, found))


def importing(dotted: str, folder: Path) -> set[Path]:
    """Files below a folder of the checkout that import a module."""
    package, _, name = dotted.rpartition(".")
    imports = (f"from {dotted} import", f"import {dotted}\n", f"from {package} import {name}\n")
    return {
        path
        for path in all_in(folder)
        if any(words in (REPOSITORY / path).read_text(encoding="utf-8") for words in imports)
    }


def all_in(folder: Path) -> list[Path]:
    return [path.relative_to(REPOSITORY) for path in (REPOSITORY / folder).rglob("*.py")]


def places(path: Path) -> list[ast.AST]:
    """The places of a file that can be changed, in a fixed order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if changeable(node)]


def changeable(node: ast.AST) -> bool:
    match node:
        case ast.Compare(ops=[operator]):
            return type(operator) in COMPARISONS
        case ast.BinOp(op=operator):
            return type(operator) in ARITHMETIC
        case ast.Constant(value=value):
            return isinstance(value, (bool, int, float))
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.If() | ast.BoolOp():
            return True
    return False


def mutated(text: str, number: int) -> tuple[str, int, str]:
    """The text with its changeable place `number` changed; its line, and what was changed."""
    tree = ast.parse(text)
    node = [each for each in ast.walk(tree) if changeable(each)][number]
    before, line = ast.unparse(node).splitlines()[0], node.lineno
    replaced = change(node)
    if replaced is not node:
        Replace(node, replaced).visit(tree)
    ast.fix_missing_locations(tree)
    after = ast.unparse(replaced).splitlines()[0]
    return ast.unparse(tree), line, f"{before} -> {after}"


def change(node: ast.AST) -> ast.AST:
    match node:
        case ast.Compare():
            node.ops = [COMPARISONS[type(node.ops[0])]()]
        case ast.BinOp():
            node.op = ARITHMETIC[type(node.op)]()
        case ast.BoolOp():
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        case ast.If():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.Constant():
            node.value = not node.value if isinstance(node.value, bool) else node.value + 1
        case _:  # a call or a raise is left out
            return ast.Pass()
    return node


class Replace(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST):
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else super().visit(node)


if __name__ == "__main__":
    main()
