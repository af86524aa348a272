"""Running a plan: the worker processes, and their samples put together."""

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

from serving.errors import InputError
from serving.load.worker import Plan, Samples, Target, send_requests


def run_plan(target: Target, plan: Plan) -> Samples:
    """Send the requests of a plan; blocks until the end.

    Returns:
        The samples of all processes; `busy` is that of the busiest.

    Raises:
        InputError: a worker process was ended from outside.
    """
    workers = []
    try:
        with _interrupts_wait():
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
        # After Ctrl-C they are still sending.
        for worker in workers:
            worker.terminate()
            worker.join()


def _start_workers(count: int, workers: list) -> list:
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


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Ctrl-C waits until the body has ended, its objects included: a destructor would swallow it.

    It never comes to processes started in the body, who inherit the mask: the command ends them.
    """
    # The tracker would lift the mask when it starts with the first process.
    resource_tracker.ensure_running()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _work(pipe) -> None:
    pipe.send("ready")
    pipe.send(send_requests(*pipe.recv()))


def _together(shares: list[Samples]) -> Samples:
    total = Samples(busy=max(samples.busy for samples in shares))
    for samples in shares:
        total.extend(samples)
    return total
