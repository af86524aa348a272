"""Which room imports which, from the sources. A room is a folder, or a module on a top floor."""

import ast
from collections.abc import Iterator
from pathlib import Path

from helpers.processes import REPOSITORY

PACKAGES = ("seqrec_tf", "export", "serving")


def imported_rooms() -> dict[str, set[str]]:
    """Room -> the other rooms that its modules import, at any depth of nesting."""
    rooms: dict[str, set[str]] = {}
    for path in sources():
        own = room_of(".".join(path.relative_to(REPOSITORY).with_suffix("").parts))
        found = {room_of(module) for module in imports(path) if module.split(".")[0] in PACKAGES}
        rooms[own] = rooms.get(own, set()) | found - {own}
    return rooms


def sources() -> list[Path]:
    """All modules of the three packages."""
    return sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Dotted names of what a source imports; `from a import b` is `a.b` where that is a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ValueError(f"{path}, line {node.lineno}: expected absolute imports.")
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if is_module(inner) else node.module


def is_module(dotted: str) -> bool:
    """Whether a module or a package of this project has that name."""
    path = REPOSITORY.joinpath(*dotted.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def room_of(dotted: str) -> str:
    """The folder that a module lies in; on a top floor, and beside `__main__`, itself."""
    parts = dotted.removesuffix(".__init__").split(".")
    if REPOSITORY.joinpath(*parts).is_dir() or len(parts) == 2:
        return ".".join(parts)
    return ".".join(parts[:-1])
