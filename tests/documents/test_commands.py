"""Every command that README and the guides show is run, or says why not.

Documents are followed as a reader would: README, and then one of the guides, in one folder, one
block after the other. A block is marked by a comment right before it: `run`, `run: in the
background` (a server, until the next one or the document's end) or `not run:` and why.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.documents import (
    BENCHMARKS,
    GUIDES,
    LANGUAGES,
    README,
    Block,
    blocks,
    document_paths,
    read,
)
from helpers.processes import environment

from seqrec_tf.data.demo import make_demo

PORTS = (8501, 8500)
WAIT_SECONDS = 120
RUN, SERVE = "run", "run: in the background"


@pytest.mark.parametrize("document", [README, *GUIDES, BENCHMARKS])
def test_every_command_says_whether_it_is_run(document):
    assert document in document_paths()
    unmarked = [
        block.text
        for block in blocks(read(document))
        if block.language in LANGUAGES and len(block.marks) != 1
    ]
    assert unmarked == []
    marks = {block.marks[0] for block in blocks(read(document)) if block.marks}
    assert not [
        mark for mark in marks if mark not in (RUN, SERVE) and not mark.startswith("not run: ")
    ]


def test_readme_can_be_followed(readers_folder):
    assert (readers_folder / "models/seqrec/1/saved_model.pb").is_file()


@pytest.mark.parametrize("document", GUIDES)
def test_a_guide_can_be_followed_after_readme(readers_folder, document, tmp_path):
    shutil.copytree(readers_folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    Reader(tmp_path).follow(document)


@pytest.fixture(scope="module")
def readers_folder(tmp_path_factory):
    """What somebody has who has logs of their own and has followed README."""
    _need_ports()
    folder = tmp_path_factory.mktemp("reader")
    _write_logs(folder)
    Reader(folder).follow(README)
    return folder


def _need_ports() -> None:
    """The documents name the ports that everybody has; somebody else's server may have them."""
    for port in PORTS:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                message = f"port {port}, which the documents name, is in use"
                pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


def _write_logs(folder: Path) -> None:
    """The files that the guides take for granted."""
    demo = make_demo()
    log = demo.table[["user", "item", "time"]]
    log.to_csv(folder / "log.csv", index=False, header=["user", "sku", "at"])
    log.to_csv(folder / "ratings.csv", index=False, header=["user_id", "movie_id", "timestamp"])
    demo.titles.rename("name").rename_axis("sku").to_csv(folder / "products.csv")


class Reader:
    """Somebody who copies one block after the other, in a folder."""

    def __init__(self, folder: Path):
        """Set up the shell; nothing is run yet."""
        self.folder = folder
        # What README says of failures holds for curl as well: an error ends the block.
        (folder / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n")
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environment = environment(PATH=path, CURL_HOME=str(folder))

    def follow(self, document: str) -> None:
        """Run all blocks of a document that are to be run; its servers end with it."""
        with contextlib.ExitStack() as server:
            for block in blocks(read(document)):
                if block.marks == (SERVE,):
                    server.close()
                    server.enter_context(self._server(block))
                elif block.marks == (RUN,):
                    self._run(document, block)

    def _run(self, document: str, block: Block) -> None:
        shell = ["bash", "-euo", "pipefail", "-c"]
        command = [sys.executable, "-c"] if block.language == "python" else shell
        done = subprocess.run(
            [*command, block.text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        said = f"{document}:\n\n{block.text}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, said

    @contextlib.contextmanager
    def _server(self, block: Block):
        """Run a block that ends with a server, which says its address when it is up."""
        log = self.folder / "server.log"
        with log.open("w") as errors:
            server = subprocess.Popen(
                ["bash", "-euc", block.text],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        with server:
            try:
                assert server.stdout.readline().startswith("http://"), log.read_text()
                yield
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(server.pid, signal.SIGTERM)
                server.wait(WAIT_SECONDS)


def test_a_block_that_fails_is_a_failure(tmp_path):
    reader = Reader(tmp_path)
    started = time.monotonic()
    with pytest.raises(AssertionError, match="no_such_module"):
        reader._run("guide", Block("bash", "python -m no_such_module\ntrue\n", (RUN,)))
    with pytest.raises(AssertionError, match="127.0.0.1"):
        reader._run("guide", Block("bash", "curl http://127.0.0.1:9/\ntrue\n", (RUN,)))
    assert time.monotonic() - started < WAIT_SECONDS
