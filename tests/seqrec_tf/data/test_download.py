"""Downloads from a real HTTP server on this machine, in place of GroupLens'."""

import functools
import hashlib
import http.server
import io
import socket
import subprocess
import sys
import threading
import time
import zipfile

import pytest

from seqrec_tf.data import download
from seqrec_tf.data.download import ARCHIVES, URL_VARIABLE, Archive, fetch_archive
from seqrec_tf.data.movielens import load_movielens
from seqrec_tf.errors import InputError


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server(tmp_path):
    """Base URL and folder of a running server, and a function that stops it."""
    folder = tmp_path / "server"
    folder.mkdir()
    handler = functools.partial(_QuietHandler, directory=str(folder))
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()

    def stop() -> None:
        running.shutdown()
        running.server_close()

    yield f"http://127.0.0.1:{running.server_port}", folder, stop
    stop()


@pytest.fixture
def archive(server, monkeypatch):
    """A small ml-1m.zip on the server, its checksum in the table."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("ml-1m/ratings.dat", "1::7::5::900\n1::9::4::901\n")
        file.writestr("ml-1m/movies.dat", "7::Seven::Drama\n9::Nine::Drama\n")
    (server[1] / "ml-1m.zip").write_bytes(content.getvalue())
    checksum = hashlib.sha256(content.getvalue()).hexdigest()
    monkeypatch.setitem(ARCHIVES, "ml-1m", Archive("ml-1m", "sha256", checksum))
    return content.getvalue()


def test_a_download_is_read_and_kept(server, archive, tmp_path, monkeypatch, capsys):
    url, _, stop = server
    cache = tmp_path / "cache"
    monkeypatch.setenv(URL_VARIABLE, url)
    first = load_movielens("ml-1m", cache_dir=cache)
    assert list(first.table["item"]) == [7, 9]
    assert first.titles[9] == "Nine"
    assert f"{url}/ml-1m.zip" in capsys.readouterr().err
    assert [path.name for path in cache.iterdir()] == [f"ml-1m-{ARCHIVES['ml-1m'].checksum[:8]}"]
    stop()
    second = load_movielens("ml-1m", cache_dir=cache)
    assert list(second.table["item"]) == [7, 9]
    assert capsys.readouterr().err == ""


def test_the_cache_follows_xdg(server, archive, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    folder = fetch_archive("ml-1m", base_url=server[0] + "/")
    assert folder.parent == tmp_path / "xdg" / "seqrec-tf"
    assert (folder / "ratings.dat").is_file()


def test_without_xdg_the_cache_is_in_the_home_folder(server, archive, tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = fetch_archive("ml-1m", base_url=server[0])
    assert folder.parent == tmp_path / ".cache" / "seqrec-tf"


def test_md5_is_checked_where_nothing_better_is_known(server, archive, tmp_path, monkeypatch):
    checksum = hashlib.md5(archive, usedforsecurity=False).hexdigest()
    monkeypatch.setitem(ARCHIVES, "ml-1m", Archive("ml-1m", "md5", checksum))
    assert fetch_archive("ml-1m", tmp_path / "cache", server[0]).is_dir()


def test_a_wrong_checksum_leaves_nothing(server, archive, tmp_path):
    (server[1] / "ml-1m.zip").write_bytes(archive + b"x")
    received = hashlib.sha256(archive + b"x").hexdigest()
    with pytest.raises(InputError) as caught:
        fetch_archive("ml-1m", tmp_path / "cache", server[0])
    message = str(caught.value)
    assert f"expected sha256 {ARCHIVES['ml-1m'].checksum}" in message
    assert f"Received: {received}" in message
    assert "\n" not in message
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_that_is_no_archive_leaves_nothing(server, archive, tmp_path, monkeypatch):
    (server[1] / "ml-1m.zip").write_bytes(b"text")
    checksum = hashlib.sha256(b"text").hexdigest()
    monkeypatch.setitem(ARCHIVES, "ml-1m", Archive("ml-1m", "sha256", checksum))
    with pytest.raises(InputError, match="ml-1m.zip: expected a zip file"):
        fetch_archive("ml-1m", tmp_path / "cache", server[0])
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_archive_without_its_folder(server, archive, tmp_path, monkeypatch):
    monkeypatch.setitem(ARCHIVES, "ml-1m", Archive("other", "sha256", ARCHIVES["ml-1m"].checksum))
    with pytest.raises(InputError, match="expected a folder 'other' in it"):
        fetch_archive("ml-1m", tmp_path / "cache", server[0])


def test_a_killed_download_is_not_taken_for_complete(server, archive, tmp_path):
    cache = tmp_path / "cache"
    slow = _serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nhalf", seconds=10)
    code = (
        f"from seqrec_tf.data.download import *; fetch_archive('ml-1m', {str(cache)!r}, {slow!r})"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 20
        while not list(cache.glob(".*/archive.zip")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
    left = list(cache.iterdir())
    assert len(left) == 1 and left[0].name.startswith(".ml-1m-")
    folder = fetch_archive("ml-1m", cache, server[0])
    assert (folder / "ratings.dat").read_text().count("\n") == 2


def test_a_run_that_finished_first_wins(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        folder.mkdir()
        (folder / "ratings.dat").write_text(folder.name)
    download._move(source, target)
    assert (target / "ratings.dat").read_text() == "target"
    with pytest.raises(OSError):
        download._move(tmp_path / "missing", tmp_path / "other")


def _expect_one_line(caught, url: str) -> None:
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"cannot download {url}/ml-1m.zip (")
    assert "--data-dir FOLDER" in message and "--dataset demo" in message


def test_no_connection_fails_at_once_and_says_what_to_do(tmp_path, capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    start = time.monotonic()
    with pytest.raises(InputError) as caught:
        fetch_archive("ml-1m", tmp_path / "cache", url)
    assert time.monotonic() - start < 5
    _expect_one_line(caught, url)
    assert "(no connection)" in str(caught.value)
    assert capsys.readouterr().err == ""
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_missing_file_names_the_status(server, tmp_path):
    with pytest.raises(InputError) as caught:
        fetch_archive("ml-1m", tmp_path / "cache", server[0])
    _expect_one_line(caught, server[0])
    assert "(HTTP status 404)" in str(caught.value)


def _serve_once(answer: bytes, seconds: float) -> str:
    """A server that sends `answer` to one request and then waits, or hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with listener, connection:
            connection.recv(4096)
            connection.sendall(answer)
            time.sleep(seconds)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_broken_connection(tmp_path):
    url = _serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", seconds=0)
    with pytest.raises(InputError) as caught:
        fetch_archive("ml-1m", tmp_path / "cache", url)
    _expect_one_line(caught, url)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUTS", (1, 0.2))
    url = _serve_once(b"", seconds=2)
    with pytest.raises(InputError) as caught:
        fetch_archive("ml-1m", tmp_path / "cache", url)
    _expect_one_line(caught, url)
    assert "(no answer in time)" in str(caught.value)


def test_every_archive_has_a_checksum_of_its_algorithm():
    for archive in ARCHIVES.values():
        length = hashlib.new(archive.algorithm).digest_size * 2
        assert len(archive.checksum) == length and int(archive.checksum, 16)
