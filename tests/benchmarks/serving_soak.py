"""Minutes under load with a new version every 20 seconds: what fails, and what memory does.

    python tests/benchmarks/serving_soak.py models/seqrec --minutes 10 --share 0.8

Copies of the newest version are published under higher numbers: copied to a name that is none,
then renamed. Old versions are deleted once they are not served any more. Measures what the embedded
server can answer (closed loop, 8 connections, a minute) without that and during it, which is less:
loading, proving and warming up take their part of the machine. Then sends that share of it in open
loop, while versions are published on. Prints JSON: requests by outcome, latencies, versions that
the server reported, and its resident memory over the time; growth is the median of the last
quarter over that of the second half minute (or of as much of it as there is).
"""

import argparse
import itertools
import json
import shutil
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import requests
from serving_process import Server, embedded_server

from serving.client import Recommender
from serving.client.transports.connection import post_request
from serving.load.bodies import request_bodies
from serving.load.histories import draw_histories, served_ids
from serving.load.latency import report
from serving.load.processes import run_plan
from serving.load.worker import Plan, Target

LENGTH = 50
KEPT_VERSIONS = 3


@dataclass
class Watched:
    """What is seen of the server from outside, once a second.

    Attributes:
        memory: (seconds since the start, resident bytes).
        versions: available versions in the order in which they appeared.
        failed: versions that the server reported as ended with an error.
    """

    memory: list[tuple[float, int]] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder with the model's versions; only read")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--share", type=float, default=0.8, help="of the capacity while publishing")
    parser.add_argument("--publish-seconds", type=float, default=20.0)
    parser.add_argument("--concurrency", type=int, default=8, help="connections to find capacity")
    parser.add_argument("--capacity-seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    source = max(versions_in(arguments.model), key=lambda path: int(path.name))
    with tempfile.TemporaryDirectory() as folder:
        publish(source, Path(folder) / "1")
        with embedded_server(Path(folder), "--file_system_poll_wait_seconds=1") as server:
            print(json.dumps(soak(server, source, Path(folder), arguments), indent=2))


def soak(server: Server, source: Path, folder: Path, arguments: argparse.Namespace) -> dict:
    """Find the capacity, then load, publish and watch; what was found."""
    target = Target(server.address, request_bytes(server))
    closed_loop = Plan(arguments.capacity_seconds, arguments.concurrency)
    undisturbed = answers_a_second(target, closed_loop)
    watched, stop = Watched(), threading.Event()
    publishing = (source, folder, arguments.publish_seconds, stop)
    with ThreadPoolExecutor() as threads:
        started = [threads.submit(publish_often, *publishing)]
        try:
            capacity = answers_a_second(target, closed_loop)
            started.append(threads.submit(watch, server, watched, stop))
            rate = arguments.share * capacity
            # More connections than found the capacity: a stall must not hold requests back.
            plan = Plan(60 * arguments.minutes, 8 * arguments.concurrency, rate, processes=2)
            facts = report(run_plan(target, plan), plan)
        finally:
            stop.set()
    for thread in started:
        thread.result()
    return {
        "undisturbed_a_second": undisturbed,
        "capacity_a_second": capacity,
        **facts,
        "failed_requests": sum(facts["errors"].values()) + facts["unsent"],
        "versions_seen": watched.versions,
        "versions_failed": watched.failed,
        "memory": memory_facts(watched.memory),
    }


def answers_a_second(target: Target, plan: Plan) -> float:
    """What the server answers under a plan."""
    return report(run_plan(target, plan), plan)["answers_a_second"]


def request_bytes(server: Server) -> tuple[bytes, ...]:
    """The requests."""
    with Recommender(server.url) as recommender:
        histories = draw_histories(served_ids(recommender), LENGTH)
        bodies = request_bodies(recommender, "serving_default", histories)
    return tuple(post_request("localhost", "/v1/models/seqrec:predict", body) for body in bodies)


def watch(server: Server, watched: Watched, stop: threading.Event) -> None:
    """Note memory and versions until told to stop."""
    started = time.monotonic()
    while not stop.wait(1.0):
        watched.memory.append((time.monotonic() - started, server.resident_bytes()))
        try:
            answer = requests.get(f"{server.url}/v1/models/seqrec", timeout=30).json()
        except requests.RequestException:
            continue  # the load generator counts what fails
        for status in answer.get("model_version_status", []):
            version = int(status["version"])
            failed = status["status"]["error_code"] != "OK"
            seen = watched.failed if failed else watched.versions
            if version not in seen and (failed or status["state"] == "AVAILABLE"):
                seen.append(version)


def publish_often(source: Path, folder: Path, seconds: float, stop: threading.Event) -> None:
    """Publish copies under higher and higher numbers, the first at once, until told to stop."""
    for number in itertools.count(2):
        publish(source, folder / str(number))
        for old in versions_in(folder):
            if int(old.name) <= number - KEPT_VERSIONS:
                retire(old)
        if stop.wait(seconds):
            return


def publish(source: Path, target: Path) -> None:
    """Copy under a name that is no number, then rename."""
    incoming = target.with_name(f"incoming-{target.name}")
    shutil.copytree(source, incoming)
    incoming.rename(target)


def retire(version: Path) -> None:
    """Rename to a name that is no number, then delete."""
    outgoing = version.with_name(f"outgoing-{version.name}")
    version.rename(outgoing)
    shutil.rmtree(outgoing)


def versions_in(folder: Path) -> list[Path]:
    """The version directories."""
    return [path for path in folder.iterdir() if path.name.isdigit()]


def memory_facts(memory: list[tuple[float, int]]) -> dict:
    """MB at the start, after the first minute, at the end, at most; growth after the minute."""
    megabytes = [(seconds, size / 1e6) for seconds, size in memory]
    end = megabytes[-1][0]
    settled = min(30.0, end / 4)
    early = statistics.median(size for at, size in megabytes if settled <= at <= 2 * settled)
    late = statistics.median(size for at, size in megabytes if at >= 0.75 * end)
    every_half_minute = [round(size) for at, size in megabytes[::30]]
    return {
        "first_minute_mb": round(early, 1),
        "last_quarter_mb": round(late, 1),
        "most_mb": round(max(size for _, size in megabytes), 1),
        "growth": round(late / early - 1, 4),
        "every_30_seconds_mb": every_half_minute,
    }


if __name__ == "__main__":
    main()
