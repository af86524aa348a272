"""Running a plan: the worker processes, and their samples put together.

The workers know of Ctrl-C by the end of the process that started them: they inherit a mask that
keeps the signal from them, and end when their pipe does.
"""

import multiprocessing
import os
import signal
import threading
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess

from serving.interrupts import deferred
from serving.load.worker import Plan, Samples, Target, send_requests
from serving.protocol.errors import InputError


def run_plan(target: Target, plan: Plan) -> Samples:
    """Send the requests of a plan; blocks until the end.

    Returns:
        The samples of all processes; `busy` is that of the busiest.

    Raises:
        InputError: a worker process was ended from outside.
    """
    workers: list[SpawnProcess] = []
    try:
        # The tracker, which the first process starts, would lift the mask.
        resource_tracker.ensure_running()
        with deferred(signal.SIGINT):
            pipes = _start_workers(plan.processes, workers)
        # All are ready before one begins.
        for pipe in pipes:
            pipe.recv()
        for share, pipe in enumerate(pipes):
            pipe.send((target, plan, share))
        return _together([pipe.recv() for pipe in pipes])
    except (EOFError, ConnectionError) as error:
        raise InputError("a process of the load generator was ended from outside") from error
    finally:
        # After an error they are still sending.
        for worker in workers:
            worker.terminate()
            worker.join()


def _start_workers(count: int, workers: list[SpawnProcess]) -> list[connection.Connection]:
    """Add running processes to `workers`; a pipe to each."""
    # Not forked: a process that has used gRPC or TensorFlow cannot be.
    context = multiprocessing.get_context("spawn")
    pipes = []
    for _ in range(count):
        pipe, end = context.Pipe()
        workers.append(context.Process(target=_work, args=(end,), daemon=True))
        workers[-1].start()
        end.close()
        pipes.append(pipe)
    return pipes


def _work(pipe: connection.Connection) -> None:
    try:
        pipe.send("ready")
        target, plan, share = pipe.recv()
        threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
        pipe.send(send_requests(target, plan, share))
    except (EOFError, OSError):
        return  # nobody waits for the samples any more


def _end_with(pipe: connection.Connection) -> None:
    """End this process when the other end of its pipe is gone."""
    connection.wait([pipe])
    os._exit(1)


def _together(shares: list[Samples]) -> Samples:
    total = Samples(busy=max(samples.busy for samples in shares))
    for samples in shares:
        total.extend(samples)
    return total
