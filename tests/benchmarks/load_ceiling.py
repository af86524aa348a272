"""What the load generator can drive: requests a second against a server that does nothing.

    python tests/benchmarks/load_ceiling.py

The server is a process that answers every request with the same bytes, about as many as ten
recommendations take; it shares the machine with the generator. Prints a JSON line for every number
of generator processes: answers a second, median latency, and how busy the busiest process was.
"""

import argparse
import asyncio
import json
import multiprocessing
import socket

from serving.client.transports.connection import post_request
from serving.load.latency import report
from serving.load.processes import run_plan
from serving.load.worker import Plan, Target

BODY = json.dumps({"predictions": [[0] * 300]}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
REQUEST = json.dumps({"instances": [list(range(1000, 1050))]}).encode()


class Echo(asyncio.Protocol):
    """Answers whatever arrives; requests here fit into one segment."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(ANSWER)


def main() -> None:
    """Measure one and two processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--concurrency", type=int, default=8)
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,))
    server.start()
    address = listener.getsockname()
    target = Target(address, (post_request("localhost", "/v1/models/m:predict", REQUEST),))
    try:
        for processes in (1, 2):
            plan = Plan(arguments.seconds, arguments.concurrency, processes=processes)
            facts = report(run_plan(target, plan), plan)
            line = {"processes": processes, "answers_a_second": facts["answers_a_second"]}
            line |= {"p50_ms": facts["latency_ms"]["p50"], "busy": facts["generator_busy"]}
            print(json.dumps(line), flush=True)
    finally:
        server.terminate()


def serve(listener: socket.socket) -> None:
    """Answer until killed."""

    async def forever() -> None:
        loop = asyncio.get_running_loop()
        await (await loop.create_server(Echo, sock=listener)).serve_forever()

    asyncio.run(forever())


if __name__ == "__main__":
    main()
