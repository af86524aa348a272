"""The repository's Markdown: its files, headings, links and the blocks that a reader may copy."""

import re
from collections import Counter
from dataclasses import dataclass

from helpers.processes import REPOSITORY

README, BENCHMARKS = "README.md", "tests/benchmarks/README.md"
GUIDES = ("seqrec_tf/README.md", "export/README.md", "serving/README.md")
LANGUAGES = ("bash", "python", "console")

_FENCE = re.compile(
    r"(?P<comments>(?:^<!--[^\n]*-->\n)*)^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"<!-- ((?:not )?run(?:: .+)?) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: after the opening fence; may be empty.
        text: what is between the fences.
        marks: of the comments right before it, those that say whether it is run.
    """

    language: str
    text: str
    marks: tuple[str, ...]


def document_paths() -> list[str]:
    """Every Markdown file of the repository, from its root."""
    folders = ("seqrec_tf", "export", "serving", "tests")
    files = [path for folder in folders for path in (REPOSITORY / folder).rglob("*.md")]
    return [README, *sorted(str(path.relative_to(REPOSITORY)) for path in files)]


def read(document: str) -> str:
    """The text of a document, named from the repository's root."""
    return (REPOSITORY / document).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """All fenced blocks, in order."""
    return [
        Block(found["language"], found["text"], tuple(_MARK.findall(found["comments"])))
        for found in _FENCE.finditer(text)
    ]


def prose(text: str) -> str:
    """The text without fenced blocks and comments."""
    return re.sub(r"<!--.*?-->", "", _FENCE.sub("", text), flags=re.DOTALL)


def code_spans(text: str) -> list[str]:
    """What stands between backticks in the prose, line ends as spaces."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(text))]


def links(text: str) -> list[str]:
    """Targets of all links and pictures."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(text)))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings: small letters, spaces as hyphens, no signs."""
    found = Counter()
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?)#*$", prose(text), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip()
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        names.add(f"{slug}-{found[slug]}" if found[slug] else slug)
        found[slug] += 1
    return names


def command_lines(text: str) -> list[str]:
    """The commands of a block of bash, a line each: continued lines joined, comments gone."""
    joined = text.replace("\\\n", " ")
    return [re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines()]
