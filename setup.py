"""Build entry point; all metadata lives in setup.cfg, but for the description."""

import re
from pathlib import Path

from setuptools import setup


def named(link: re.Match) -> str:
    """A link to a file or a heading as text: the page of the package shows README alone."""
    text, path = link["text"], link["path"]
    return f"{text} (`{path}`)" if path and path != text else text


readme = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
setup(
    # The guides are installed under the very names that they have in the checkout.
    long_description=re.sub(
        r"\[(?P<text>[^\]]+)\]\((?!https?:)(?P<path>[^)#]*)(?:#[^)]*)?\)", named, readme
    ),
    long_description_content_type="text/markdown",
)
