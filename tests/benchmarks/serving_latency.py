"""What REST adds to a request, and how long the embedded server takes to start.

    python tests/benchmarks/serving_latency.py models/seqrec

Asks for one history of 50 items again and again, in turn: the SavedModel's `serving_default` in
this process, the same over REST on a kept connection, and `serving.client.Recommender`. Prints
medians in milliseconds, their ratios to the call in this process, and the seconds from the start of
`python -m serving` to its first answer, as JSON. Run it on a machine that does nothing else.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

from serving_process import Server, embedded_server

from serving.client import Recommender
from serving.client.transports.connection import Connection, post_request
from serving.load.bodies import request_bodies
from serving.load.histories import draw_histories, served_ids

LENGTH = 50
WARM_UP = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder with the model's versions")
    parser.add_argument("--requests", type=int, default=1000, help="of each kind")
    parser.add_argument("--starts", type=int, default=3, help="of the server")
    arguments = parser.parse_args()
    starts = []
    for _ in range(arguments.starts - 1):
        with embedded_server(arguments.model) as server:
            starts.append(server.ready_seconds)
    with embedded_server(arguments.model) as server:
        starts.append(server.ready_seconds)
        times = measure(ways_to_ask(server, arguments.model), arguments.requests)
    medians = {name: round(statistics.median(values), 3) for name, values in times.items()}
    inside = medians["in process"]
    print(
        json.dumps(
            {
                "milliseconds": medians,
                "over the call in process": {n: round(v / inside, 3) for n, v in medians.items()},
                "seconds to ready": starts,
            },
            indent=2,
        )
    )


def measure(ways: dict, requests: int) -> dict[str, list[float]]:
    """Milliseconds of every call; the ways take turns, each with the same history."""
    times = {name: [] for name in ways}
    for number in range(WARM_UP + requests):
        for name, ask in ways.items():
            started = time.perf_counter()
            ask(number)
            if number >= WARM_UP:
                times[name].append(1000 * (time.perf_counter() - started))
    return times


def ways_to_ask(server: Server, folder: Path) -> dict:
    """Name -> a function that asks for history number n."""
    import tensorflow as tf

    recommender = Recommender(server.url)
    histories = draw_histories(served_ids(recommender), LENGTH)
    bodies = request_bodies(recommender, "serving_default", histories)
    requests = [post_request("localhost", "/v1/models/seqrec:predict", body) for body in bodies]
    connection = Connection(server.address, 30.0)
    newest = max(
        (path for path in folder.iterdir() if path.name.isdigit()), key=lambda p: int(p.name)
    )
    model = tf.saved_model.load(str(newest))
    serve, name = model.signatures["serving_default"], recommender.id_input.name

    def in_process(number: int) -> None:
        ids = tf.constant([histories[number % len(histories)]], tf.int64)
        for output in serve(**{name: ids}).values():
            output.numpy()

    def over_rest(number: int) -> None:
        status = connection.exchange(requests[number % len(requests)]).status
        assert status == 200

    # The model is kept by the function that uses it: its signatures alone would lose it.
    in_process.model = model
    return {
        "in process": in_process,
        "REST": over_rest,
        "serving.client": lambda n: recommender.recommend([histories[n % len(histories)]]),
    }


if __name__ == "__main__":
    main()
