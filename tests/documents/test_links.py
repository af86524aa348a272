"""Links between the documents lead somewhere, here and on the page of the package."""

import re
import shutil

import pytest
from helpers.documents import README, REPOSITORY, anchors, document_paths, links, read
from helpers.processes import run_python

FOREIGN = ("https://", "http://", "mailto:")


def test_anchors_are_those_of_github():
    text = "# One `two`, three\n\n## What's [new](a.md)?\n\n```\n# none\n```\n\n## One two, three\n"
    assert anchors(text) == {"one-two-three", "whats-new", "one-two-three-1"}


def test_links_are_found_in_prose_only():
    text = "See [a](b.md#c) and `[x](y)`.\n\n```bash\n[no](link)\n```\n"
    assert links(text) == ["b.md#c"]


@pytest.mark.parametrize("document", document_paths())
def test_every_link_leads_somewhere(document):
    for target in links(read(document)):
        if target.startswith(FOREIGN):
            continue
        path, _, anchor = target.partition("#")
        linked = (REPOSITORY / document).parent / path if path else REPOSITORY / document
        assert linked.exists(), f"{document}: {target}"
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), f"{document}: {target}"


def test_the_page_of_the_package_has_no_links_that_lead_nowhere_there(tmp_path):
    """PyPI shows README alone: files beside it and its headings are not to be reached."""
    for name in ("setup.py", "setup.cfg", README, "LICENSE"):
        shutil.copy(REPOSITORY / name, tmp_path)
    script = "from setuptools.build_meta import prepare_metadata_for_build_wheel as prepare\n"
    done = run_python("-c", f"{script}print(prepare('.'))", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    metadata = (tmp_path / done.stdout.split()[-1] / "METADATA").read_text(encoding="utf-8")
    assert "# seqrec-tf" in metadata
    assert [target for target in links(metadata) if not target.startswith(FOREIGN)] == []
    assert re.search(r"`?serving/README\.md`?", metadata)
