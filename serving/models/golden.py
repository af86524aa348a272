"""Golden requests: what a model must answer, asked once after loading, before it serves anybody.

`python -m export` writes `assets.extra/golden_requests.json`: histories, and the ids and scores
that `serving_default` must give. A model without the file is served as it is.
"""

import base64
import bisect
import json
import zlib
from collections.abc import Callable
from typing import Protocol

import numpy as np

from serving.inference.tensor import Tensor
from serving.models.versions import VersionDirectory
from serving.protocol.errors import InputError, ServingError

FILE = "assets.extra/golden_requests.json"
SIGNATURE = "serving_default"
TOLERANCE = 1e-4  # of the largest score of an answer
LOWEST = np.finfo(np.float32).min


class GoldenError(InputError):
    """A model answers a golden request in another way than it must, or not at all."""


class Model(Protocol):
    """What answers: a model in memory, or one behind a server's URL."""

    def run(self, signature_name: str, feeds: dict[str, Tensor]) -> dict[str, Tensor]:
        """Run a signature: alias -> tensor to alias -> tensor; `ServingError` if it fails."""


def check_golden(model: Model, directory: VersionDirectory) -> int:
    """Ask the golden requests of a model.

    Returns:
        How many there were.

    Raises:
        GoldenError: an answer is another one, or an error.
        InputError: the file cannot be read.
    """
    path = directory.path / FILE
    if not path.is_file():
        return 0
    where = f"model {directory.model!r} version {directory.version}: {path}"
    try:
        golden = json.loads(path.read_text(encoding="utf-8"))
        for request in golden["requests"]:
            outputs = model.run(SIGNATURE, {golden["id_name"]: _padded(request, golden["id_type"])})
            what = f"{where}: {request['name']}"
            _check(outputs, request, golden["id_name"], golden.get("ids", []), what)
    except InputError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, zlib.error) as error:
        raise InputError(f"{where}: expected golden requests. Received: {error!r}.") from error
    except ServingError as error:
        raise GoldenError(f"{where}: expected answers. Received: {error}.") from error
    return len(golden["requests"])


def _padded(request: dict, id_type: str) -> Tensor:
    """Histories of one length, padded on the right."""
    histories = request["histories"]
    width = max(map(len, histories), default=0)
    kind, padding = (np.int64, 0) if id_type == "int64" else (object, b"")
    values = np.full((len(histories), width), padding, kind)
    for row, history in enumerate(histories):
        values[row, : len(history)] = [
            raw.encode() if isinstance(raw, str) else raw for raw in history
        ]
    return Tensor(values.ravel(), values.shape)


def _tied(answer: dict, catalogue: list) -> Callable[[int | str], bool]:
    """Which ids score what the last one of the answer does, and are not listed.

    `tied` has a bit for each id of the catalogue, which is ascending: base64 of zlib.
    """
    if "tied" not in answer:
        return lambda raw: False
    bits = zlib.decompress(base64.b64decode(answer["tied"]))

    def is_tied(raw: int | str) -> bool:
        place = bisect.bisect_left(catalogue, raw)
        there = place < len(catalogue) and catalogue[place] == raw
        return there and bool(bits[place // 8] >> (7 - place % 8) & 1)

    return is_tied


def _check(
    outputs: dict[str, Tensor], request: dict, id_name: str, catalogue: list, where: str
) -> None:
    """Compare scores, and ids but for those of like scores."""
    rows = zip(*(_rows(outputs[name]) for name in (id_name, "scores")), strict=True)
    for number, (answer, (ids, scores)) in enumerate(zip(request["answers"], rows, strict=True)):
        wanted, is_tied = np.array(answer["scores"], np.float64), _tied(answer, catalogue)
        allowed = TOLERANCE * np.abs(wanted[wanted > LOWEST]).max(initial=1e-30)
        score_of = dict(zip(answer["ids"], wanted, strict=True))
        for place, (raw, score) in enumerate(zip(ids, scores, strict=True)):
            raw = raw.decode() if isinstance(raw, bytes) else raw
            behind = wanted[len(ids) - 1] if is_tied(raw) else np.nan
            due = (score, score_of.get(raw, behind))
            if not all(abs(value - wanted[place]) <= allowed for value in due):
                raise GoldenError(
                    f"{where}, history {number}, place {place + 1}: expected "
                    f"{answer['ids'][place]} ({wanted[place]:.6g}). Received: {raw} ({score:.6g})."
                )


def _rows(tensor: Tensor) -> list[list]:
    return tensor.values.reshape(tensor.shape).tolist()
