"""What the documents name is there: flags, modules and files."""

import functools
import importlib.util
import re

import pytest
from helpers.documents import (
    BENCHMARKS,
    GUIDES,
    README,
    REPOSITORY,
    blocks,
    code_spans,
    command_lines,
    read,
)
from helpers.processes import run_module

SUBCOMMANDS = ("run", "verify", "inspect", "refresh", "batch")
DOCUMENTS = (README, *GUIDES, BENCHMARKS)
COMMANDS = {
    "seqrec_tf": ("seqrec_tf.train", "seqrec_tf.evaluate", "seqrec_tf.quickstart"),
    "export": ("export", *(f"export {name}" for name in SUBCOMMANDS), "export.batch"),
    "serving": (
        *("serving", "serving.client", "serving.load", "serving.deploy"),
        "serving.rollout",
    ),
}
PROGRAMS = [
    str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / BENCHMARKS).parent.glob("*.py")
]
# A command that a span or line begins with: `python -m export verify`, `export`, `evaluate`.
COMMAND = re.compile(rf"(?:\S*python3? -m )?([a-z_.]+)(?: ({'|'.join(SUBCOMMANDS)})\b)?")
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")
PATH = re.compile(r"(?<![\w./<-])(?:seqrec_tf|export|serving|tests|\.ci)/[\w./-]*\w/?")
MODULE = re.compile(r"(?<![\w./-])(?:seqrec_tf|export|serving)(?:\.[a-z_]+)+(?![\w(])")


@functools.cache
def flags_of(command: str) -> frozenset[str]:
    """The flags in the help of `python -m command`, or in the text of a benchmark's program."""
    if command.endswith(".py"):
        return frozenset(FLAG.findall((REPOSITORY / command).read_text(encoding="utf-8")))
    done = run_module(*command.split(), "--help")
    assert done.returncode == 0, done.stderr
    return frozenset(FLAG.findall(done.stdout))


def command_of(text: str) -> str | None:
    """The command that a line or span begins with, if it is one of this repository's."""
    benchmark = re.match(r"(?:time )?python (tests/benchmarks/\w+\.py)", text)
    if benchmark:
        return benchmark[1]
    found = COMMAND.match(text)
    if not found:
        return None
    name = " ".join(filter(None, found.groups()))
    known = [command for commands in COMMANDS.values() for command in commands]
    short = [command for command in known if command.endswith(f".{name}")]
    return name if name in known else short[0] if len(short) == 1 else None


def wrong_flags(document: str) -> list[str]:
    """Flags that the command which they are named with does not have.

    A flag that is named alone is meant to be one of any command of the guide's package, in README
    and beside the benchmarks of any command.
    """
    text = read(document)
    package = document.partition("/")[0]
    alone = COMMANDS.get(package) or [name for names in COMMANDS.values() for name in names]
    if document == BENCHMARKS:
        alone = [*alone, *PROGRAMS]
    wrong = []
    for line in command_lines("\n".join(block.text for block in blocks(text))):
        for part in re.split(r"&&|\||;", line):
            wrong += _unknown(part.strip(), [command_of(part.strip())])
    for span in code_spans(text):
        commands = alone if span.startswith("--") else [command_of(span)]
        wrong += _unknown(span, commands)
    return wrong


def _unknown(text: str, commands: list[str | None]) -> list[str]:
    if None in commands:  # somebody else's command, or none
        return []
    known = frozenset.union(*map(flags_of, commands))
    return [f"{flag} in {text!r}" for flag in FLAG.findall(text) if flag not in known]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("python -m serving --port 1", "serving"),
        (".venv/bin/python -m export verify a", "export verify"),
        ("export --categories", "export"),
        ("evaluate --json", "seqrec_tf.evaluate"),
        ("seqrec_tf.train --dim 8", "seqrec_tf.train"),
        ("python tests/benchmarks/lite_modes.py RUN", "tests/benchmarks/lite_modes.py"),
        ("docker run -p 8501:8501", None),
    ],
)
def test_the_command_is_known_by_how_it_begins(text, command):
    assert command_of(text) == command


def test_a_flag_that_is_not_there_is_found():
    assert _unknown("--no-such-flag", ["export"]) == ["--no-such-flag in '--no-such-flag'"]
    assert _unknown("--retrieval ivf", ["export"]) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_flag_is_one_of_its_command(document):
    assert wrong_flags(document) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_is_in_the_checkout(document):
    named = set(PATH.findall(read(document)))
    assert [path for path in sorted(named) if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_is_in_the_checkout(document):
    named = set(MODULE.findall(read(document)))
    assert [name for name in sorted(named) if not _is_there(name)] == []


def _is_there(name: str) -> bool:
    """A module, or a public name of one."""
    path = REPOSITORY.joinpath(*name.split("."))
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module, _, attribute = name.rpartition(".")
    return importlib.util.find_spec(module) is not None and hasattr(
        importlib.import_module(module), attribute
    )
