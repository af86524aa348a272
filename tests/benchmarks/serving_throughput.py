"""Requests a second at concurrency 8: the embedded server against the obvious FastAPI server.

    pip install -e '.[bench]'
    python tests/benchmarks/serving_throughput.py models/seqrec runs/ml1m

Both are asked for one history of 50 items a request, the same ones, by `serving.load`; they run one
after the other, in turn, so that each has the machine to itself. The FastAPI server is
`fastapi_server.py` beside this file. Prints a JSON line a turn, and the ratio of the medians.
"""

import argparse
import json
import socket
import statistics
from pathlib import Path

from serving_process import Server, embedded_server, running

from serving.client import Recommender
from serving.client.transports.connection import post_request
from serving.load.bodies import request_bodies
from serving.load.histories import draw_histories, served_ids
from serving.load.latency import report
from serving.load.processes import run_plan
from serving.load.worker import Plan, Target

LENGTH = 50
WARM_UP_SECONDS = 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder with the model's versions")
    parser.add_argument("run", type=Path, help="the run that the newest of them was exported from")
    parser.add_argument("--seconds", type=float, default=20.0, help="of every turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=8)
    arguments = parser.parse_args()
    plan = Plan(arguments.seconds, arguments.concurrency)
    found = {"embedded": [], "FastAPI": []}
    for _ in range(arguments.turns):
        with embedded_server(arguments.model) as server:
            histories = drawn(server)
            found["embedded"].append(answers_a_second("embedded", server, predict(server), plan))
        with fastapi(arguments.run) as server:
            found["FastAPI"].append(answers_a_second("FastAPI", server, recommend(histories), plan))
    medians = {name: statistics.median(values) for name, values in found.items()}
    ratio = round(medians["embedded"] / medians["FastAPI"], 1)
    print(json.dumps({"answers a second": medians, "embedded over FastAPI": ratio}))


def fastapi(run: Path):
    """The FastAPI server on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["-m", "uvicorn", "--app-dir", str(Path(__file__).parent), "fastapi_server:app"]
    flags = ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    url = f"http://127.0.0.1:{port}"
    return running([*command, *flags], "/docs", url, SEQREC_RUN=str(run.absolute()))


def drawn(server: Server) -> list[list[int]]:
    """The histories of all requests."""
    return draw_histories(served_ids(Recommender(server.url)), LENGTH)


def predict(server: Server) -> tuple[bytes, ...]:
    """Requests to the embedded server."""
    bodies = request_bodies(Recommender(server.url), "serving_default", drawn(server))
    return tuple(post_request("localhost", "/v1/models/seqrec:predict", body) for body in bodies)


def recommend(histories: list[list[int]]) -> tuple[bytes, ...]:
    """Requests to the FastAPI server."""
    bodies = [json.dumps({"history": history}).encode() for history in histories]
    return tuple(post_request("localhost", "/recommend", body) for body in bodies)


def answers_a_second(name: str, server: Server, sent: tuple[bytes, ...], plan: Plan) -> float:
    """Warm up, measure, print."""
    target = Target(server.address, sent)
    run_plan(target, Plan(WARM_UP_SECONDS, plan.concurrency))
    facts = report(run_plan(target, plan), plan)
    picked = {"answers_a_second", "errors", "latency_ms", "generator_busy"}
    facts = {key: value for key, value in facts.items() if key in picked}
    print(json.dumps({"server": name, **facts}), flush=True)
    return facts["answers_a_second"]


if __name__ == "__main__":
    main()
