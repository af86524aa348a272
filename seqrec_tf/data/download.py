"""Download a MovieLens archive from GroupLens, check it, and keep it in a cache.

tensorflow-datasets (`--tfds`) is not used for these archives, although it knows them. Its prepared
`movielens` builders shuffle the rows, while a stable sort by time needs the original order. Its
`DownloadManager` has no timeout, retries for more than three minutes without a network, leaves a
file with a wrong checksum in the cache, cannot check MD5, and imports TensorFlow. Requests, hashlib
and one rename are smaller.

The checksums are pinned here: an archive that GroupLens changes is refused, not trained on.
"""

import hashlib
import os
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from seqrec_tf.errors import InputError
from seqrec_tf.folders import temporary_folder

GROUPLENS_URL = "https://files.grouplens.org/datasets/movielens"
URL_VARIABLE = "SEQREC_GROUPLENS_URL"
TIMEOUTS = (10, 30)
"""Seconds to wait for a connection, and for the next bytes; there are no retries."""

CHUNK = 1 << 20


@dataclass(frozen=True)
class Archive:
    """One of GroupLens' zip files: the folder inside it and its checksum."""

    folder: str
    algorithm: str
    checksum: str


ARCHIVES = {
    # SHA-256 as tensorflow-datasets publishes it for the same URL.
    "ml-100k": Archive(
        "ml-100k", "sha256", "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"
    ),
    "ml-1m": Archive(
        "ml-1m", "sha256", "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20"
    ),
    "ml-20m": Archive(
        "ml-20m", "sha256", "96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3"
    ),
    "ml-25m": Archive(
        "ml-25m", "sha256", "8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa"
    ),
    "ml-latest-small": Archive(
        "ml-latest-small",
        "sha256",
        "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
    ),
    # For these two only the MD5 that GroupLens publishes beside the archive is known. It finds a
    # broken download; against a forged one it is no protection.
    "ml-10m": Archive("ml-10M100K", "md5", "ce571fd55effeba0271552578f2648bd"),
    "ml-32m": Archive("ml-32m", "md5", "d472be332d4daa821edc399621853b57"),
}


def fetch_archive(
    dataset: str, cache_dir: str | Path | None = None, base_url: str | None = None
) -> Path:
    """The extracted folder of a dataset's archive, downloaded if the cache does not hold it.

    A folder of the cache is made by one rename after download, check and extraction: a run that
    is killed leaves a hidden temporary folder, which no later run takes for the data.

    Args:
        dataset: a key of `ARCHIVES`.
        cache_dir: where archives are kept; default `$XDG_CACHE_HOME/seqrec-tf`, or
            `~/.cache/seqrec-tf` without that variable.
        base_url: where the zip files lie; default `$SEQREC_GROUPLENS_URL`, or GroupLens' server.

    Returns:
        The folder that holds GroupLens' own files.

    Raises:
        InputError: no connection, a server's refusal, or a file with another checksum.
    """
    archive = ARCHIVES[dataset]
    cache = Path(cache_dir) if cache_dir is not None else _default_cache()
    # With the checksum in its name, a folder of another edition is never taken for this one.
    folder = cache / f"{dataset}-{archive.checksum[:8]}"
    if folder.is_dir():
        return folder
    url = f"{(base_url or os.environ.get(URL_VARIABLE) or GROUPLENS_URL).rstrip('/')}/{dataset}.zip"
    cache.mkdir(parents=True, exist_ok=True)
    with temporary_folder(f".{dataset}-", cache) as temporary:
        file = temporary / "archive.zip"
        _verify(url, archive, _download(url, file, archive.algorithm))
        _extract(url, file, archive, temporary)
        _move(temporary / archive.folder, folder)
    return folder


def _default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "seqrec-tf"


def _download(url: str, file: Path, algorithm: str) -> str:
    """Stream a URL into a file; returns the checksum of what arrived, in hexadecimal."""
    import requests  # 0.1 s that only a download should cost

    digest = hashlib.new(algorithm, usedforsecurity=False)
    try:
        with requests.get(url, stream=True, timeout=TIMEOUTS) as response, file.open("wb") as out:
            response.raise_for_status()
            print(f"downloading {url}", file=sys.stderr)
            for chunk in response.iter_content(CHUNK):
                digest.update(chunk)
                out.write(chunk)
    except requests.RequestException as error:
        raise InputError(
            f"cannot download {url} ({_reason(error)}); expected a reachable server: give "
            "GroupLens' files with --data-dir FOLDER, or use --dataset demo, which needs none."
        ) from error
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    """A few words in place of the nested text of a connection pool."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__


def _verify(url: str, archive: Archive, received: str) -> None:
    if received != archive.checksum:
        raise InputError(
            f"{url}: expected {archive.algorithm} {archive.checksum}. Received: {received}; "
            "nothing was kept."
        )


def _extract(url: str, file: Path, archive: Archive, target: Path) -> None:
    try:
        with zipfile.ZipFile(file) as content:
            content.extractall(target)
    except zipfile.BadZipFile as error:
        raise InputError(f"{url}: expected a zip file. Received: {error}.") from error
    if not (target / archive.folder).is_dir():
        raise InputError(f"{url}: expected a folder {archive.folder!r} in it. Received: none.")


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:
        # Another run may have finished first; its folder holds the same files.
        if not target.is_dir():
            raise
