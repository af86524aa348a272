"""Ask a server what nobody should, and see that it stands.

    python tests/benchmarks/serving_hostile.py --model_base_path models/seqrec --requests 100000

Starts `python -m serving`, sends requests that hypothesis makes up and that a corpus of known evils
holds, and prints counts by status as JSON. Ends with 1 at the first crash, hang, answer that is no
HTTP, or status that TensorFlow Serving's protocol does not have for it (500 is one), and shows the
smallest request that does it.
"""

import argparse
import collections
import json
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field

import requests
from hostile_requests import corpus, request_bytes, requests_of
from hypothesis import HealthCheck, Phase, given, seed, settings

# 5xx that the protocol has: a type JSON cannot carry, too many waiting, too slow.
ALLOWED = {200, 400, 404, 405, 408, 413, 414, 429, 431, 501, 503, 504}
SECONDS = 60  # after which an answer counts as a hang
GOOD_EVERY = 200


@dataclass
class Target:
    """The server under attack, and what became of the requests.

    Attributes:
        address: host and port.
        model: the model's name.
        good: a request that must always be answered.
        statuses: counts by status; "closed" is a connection closed without an answer.
    """

    address: tuple[str, int]
    model: str
    good: bytes
    statuses: collections.Counter = field(default_factory=collections.Counter)

    def ask(self, raw: bytes) -> bytes:
        """Send bytes and read to the end; of half a request the sending side is closed at once."""
        with socket.create_connection(self.address, SECONDS) as connection:
            try:
                connection.sendall(raw)
                if not is_complete(raw):
                    connection.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            except (ConnectionResetError, BrokenPipeError):
                return b""  # answered before everything was sent, then closed
        return answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")

    def try_one(self, raw: bytes) -> None:
        """Send a request and judge the answer."""
        answer = self.ask(raw)
        if not answer:
            self.statuses["closed"] += 1
        else:
            assert answer.startswith(b"HTTP/1."), f"no HTTP: {answer[:80]!r}"
            status = int(answer.split(b" ", 2)[1])
            self.statuses[status] += 1
            assert status in ALLOWED, f"status {status}: {answer[-300:]!r}"
        if sum(self.statuses.values()) % GOOD_EVERY == 0:
            answer = self.ask(self.good)
            assert answer.startswith(b"HTTP/1.1 200"), f"a good request: {answer[:300]!r}"


def is_complete(raw: bytes) -> bool:
    """Whether an HTTP server has to answer, or may wait for more."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    if b"Transfer-Encoding" in head:
        return body.endswith(b"0\r\n\r\n")
    announced = re.search(rb"Content-Length: (\d+)", head)
    return bool(blank and head.strip()) and (announced is None or int(announced[1]) <= len(body))


def attack(target: Target, signatures: dict, count: int, number: int) -> None:
    """Send the corpus, then `count` requests that hypothesis makes up with seed `number`."""
    for raw in corpus(target.model, signatures):
        started = time.perf_counter()
        try:
            target.try_one(raw)
        except Exception as error:
            error.add_note(f"request of the corpus: {raw[:200]!r}")
            raise
        if time.perf_counter() - started > 5:
            print(f"slow, {time.perf_counter() - started:.1f} s: {raw[:160]!r}", file=sys.stderr)
    profile = settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(profile(given(requests_of(target.model, signatures))(target.try_one)))()


def main() -> None:
    """Start the server, attack it, print what happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model_base_path", default="models/seqrec")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", default="", help="a signature that may take for ever")
    arguments = parser.parse_args()
    flags = ["--rest_api_port=0", "--model_name=m", "--max_body_bytes=8000000"]
    command = [sys.executable, "-m", "serving", *flags, "--rest_api_timeout_in_ms=20000"]
    place = f"--model_base_path={arguments.model_base_path}"
    with subprocess.Popen([*command, place], stdout=subprocess.PIPE, text=True) as server:
        url = server.stdout.readline().strip()
        metadata = requests.get(f"{url}/v1/models/m/metadata", timeout=SECONDS).json()
        definitions = metadata["metadata"]["signature_def"]["signature_def"]
        definitions.pop(arguments.without, None)
        signatures = {name: sorted(found["inputs"]) for name, found in definitions.items()}
        host, port = url.removeprefix("http://").rsplit(":", 1)
        good = request_bytes("GET", b"/v1/models/m", b"")
        target, started = Target((host, int(port)), "m", good), time.perf_counter()
        try:
            attack(target, signatures, arguments.requests, arguments.seed)
            assert server.poll() is None, f"the server ended with {server.poll()}"
        finally:
            server.terminate()
            counts = {
                str(status): count for status, count in sorted(target.statuses.items(), key=str)
            }
            seconds = round(time.perf_counter() - started, 1)
            print(json.dumps({"requests": sum(counts.values()), "seconds": seconds, **counts}))
        assert server.wait(SECONDS) == 0, f"the server ended with {server.returncode}"


if __name__ == "__main__":
    main()
