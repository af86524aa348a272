"""A process that reads large requests, so that the server goes on: one at a time.

    python -m serving.rest_api.reader    (the server starts it; it ends with its standard input)

Python runs one thread at a time, and a parser that builds a hundred million values lets no other
run. What the process took is given back when it ends, which it must after a request that took much.
"""

import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Any, cast

import numpy as np

from serving.inference.deadline import DEADLINE
from serving.inference.limits import Limits
from serving.inference.tensor import VALUES_AT_ONCE, Tensor
from serving.protocol.errors import ServingError
from serving.protocol.status import Code
from serving.rest_api.reading import Asked, Model, read_request

MOST_KEPT_KILOBYTES = 300_000

_ROOT = Path(__file__).parents[2]
_LENGTH = struct.Struct("<Q")


class Reader:
    """The server's end. To be used by one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._parted: list[subprocess.Popen] = []  # they end when they find that there is no more

    def read(
        self, operation: str, body: Sequence[bytes], encoding: str, limits: Limits, model: Model
    ) -> Asked:
        """What `reading.read_request` returns, in the other process.

        Args:
            operation: predict, classify or regress.
            body: as it was sent, in parts.
            encoding: its `Content-Encoding`.
            limits: how large it may be, inflated.
            model: the model it is for.

        Raises:
            ServingError: the request is wrong, or reading it takes too much time or memory.
        """
        process = self._running()
        deadline = DEADLINE.get()
        if deadline is not None:
            deadline.watch(process.kill)
        try:
            stdin, stdout = _pipes(process)
            _send(stdin, (operation, encoding, limits, model), body)
            (kind, content, peak), parts = _receive(stdout)
        except (EOFError, BrokenPipeError):
            self._part_with_process()
            text = "The request took too much time or memory to read"
            raise ServingError(Code.RESOURCE_EXHAUSTED, text) from None
        finally:
            if deadline is not None:
                deadline.watch(lambda: None)
        if peak > MOST_KEPT_KILOBYTES:
            self._part_with_process()
        if kind == "error":
            raise content
        signature, rows, shapes = content
        feeds = {alias: _unpack(shape, parts.pop(0), parts.pop(0)) for alias, shape in shapes}
        return Asked(signature, rows, feeds)

    def close(self) -> None:
        """End the process, and wait for those that end already."""
        self._part_with_process()
        for process in self._parted:
            with process:
                process.kill()
        self._parted.clear()

    def _part_with_process(self) -> None:
        self._parted = [process for process in self._parted if process.poll() is None]
        if self._process is not None:
            _pipes(self._process)[0].close()
            self._parted.append(self._process)
            self._process = None

    def _running(self) -> subprocess.Popen:
        if self._process is None or self._process.poll() is not None:
            pipe, paths = subprocess.PIPE, [str(_ROOT), os.environ.get("PYTHONPATH", "")]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "serving.rest_api.reader"],
                stdin=pipe,
                stdout=pipe,
                bufsize=0,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
                start_new_session=True,  # Ctrl-C is for the server, which finishes its requests
            )
        return self._process


def _pipes(process: subprocess.Popen) -> tuple[FileIO, FileIO]:
    """What a process reads and what it writes, neither of them buffered."""
    return cast(FileIO, process.stdin), cast(FileIO, process.stdout)


def _pack(tensor: Tensor) -> tuple[tuple, list[np.ndarray]]:
    """A tensor's shape, and its values as memory: of strings, the bytes and where they end."""
    if tensor.values.dtype != object:
        return tensor.shape, [np.zeros(0, np.int64), tensor.values]
    ends = np.cumsum(np.fromiter(map(len, tensor.values), np.int64, len(tensor.values)))
    return tensor.shape, [ends, np.frombuffer(b"".join(tensor.values), np.uint8)]


def _unpack(described: tuple, ends: np.ndarray, values: np.ndarray) -> Tensor:
    shape, dtype = described
    if dtype != "object":
        return Tensor(np.frombuffer(values, dtype), shape)
    places = np.frombuffer(ends, np.int64)
    strings = np.empty(len(places), object)
    # A part at a time: other threads may run between them.
    for first in range(0, len(places), VALUES_AT_ONCE):
        stops = places[first : first + VALUES_AT_ONCE].tolist()
        starts = [int(places[first - 1]) if first else 0, *stops]
        strings[first : first + VALUES_AT_ONCE] = [
            values[start:stop].tobytes() for start, stop in zip(starts, stops, strict=False)
        ]
    return Tensor(strings, shape)


def _send(stream: FileIO, message: object, parts: Sequence) -> None:
    head = pickle.dumps((message, [memoryview(part).nbytes for part in parts]))
    for part in (_LENGTH.pack(len(head)), head, *parts):
        view = memoryview(part).cast("B") if memoryview(part).nbytes else memoryview(b"")
        while view:
            view = view[stream.write(view) :]


def _receive(stream: FileIO) -> tuple[Any, list[np.ndarray]]:
    (length,) = _LENGTH.unpack(_read(stream, _LENGTH.size).data)
    message, sizes = pickle.loads(_read(stream, length).data)
    return message, [_read(stream, size) for size in sizes]


def _read(stream: FileIO, size: int) -> np.ndarray:
    # Not a bytearray: filling it with zeros first would hold up all other threads.
    content = np.empty(size, np.uint8)
    view = content.data
    while view:
        count = stream.readinto(view)
        if not count:
            raise EOFError
        view = view[count:]
    return content


def _answer(stream: FileIO, message: tuple, body: bytes) -> None:
    operation, encoding, limits, model = message
    try:
        asked = read_request(operation, body, encoding, limits, model)
        # Here, so that what is refused anyway is not sent over.
        limits.require_feeds(asked.feeds)
    except ServingError as error:
        _send(stream, ("error", error, _peak()), [])
        return
    except MemoryError:
        refusal = ServingError(Code.RESOURCE_EXHAUSTED, "Not enough memory to read the request")
        _send(stream, ("error", refusal, _peak()), [])
        return
    packed = {alias: (_pack(tensor), tensor.values.dtype) for alias, tensor in asked.feeds.items()}
    shapes = [(alias, (shape, dtype.name)) for alias, ((shape, _), dtype) in packed.items()]
    parts = [part for (_, pair), _ in packed.values() for part in pair]
    _send(stream, ("asked", (asked.signature, asked.rows, shapes), _peak()), parts)


def _peak() -> int:
    """Kilobytes that this process took at most; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return int(status.partition("VmHWM:")[2].split()[0])


def main() -> None:
    """Answer until there is no more to read."""
    stdin, stdout = FileIO(0, "rb", closefd=False), FileIO(1, "wb", closefd=False)
    while True:
        try:
            message, parts = _receive(stdin)
        except EOFError:
            return
        body = b"".join(part.data for part in parts)
        parts.clear()
        _answer(stdout, message, body)


if __name__ == "__main__":
    main()
