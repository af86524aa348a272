"""Running a plan: the worker processes, and their samples put together."""

import multiprocessing
import signal

from serving.errors import InputError
from serving.load.worker import Plan, Samples, Target, send_requests


def run_plan(target: Target, plan: Plan) -> Samples:
    """Send the requests of a plan; blocks until the end.

    Returns:
        The samples of all processes; `busy` is that of the busiest.

    Raises:
        InputError: a worker process was ended from outside.
    """
    # Not forked: a process that has used gRPC or TensorFlow cannot be.
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(plan.processes)
    workers, receivers = [], []
    for share in range(plan.processes):
        receiver, sender = context.Pipe(duplex=False)
        arguments = (target, plan, share, barrier, sender)
        workers.append(context.Process(target=_work, args=arguments, daemon=True))
        workers[-1].start()
        sender.close()
        receivers.append(receiver)
    try:
        return _together([receiver.recv() for receiver in receivers])
    except EOFError as error:
        raise InputError("a process of the load generator was ended from outside") from error
    finally:
        # After Ctrl-C they are still sending.
        for worker in workers:
            worker.terminate()
            worker.join()


def _work(target: Target, plan: Plan, share: int, barrier, sender) -> None:
    # Ctrl-C is for the command, which then ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sender.send(send_requests(target, plan, share, barrier))


def _together(shares: list[Samples]) -> Samples:
    total = Samples(busy=max(samples.busy for samples in shares))
    for samples in shares:
        total.extend(samples)
    return total
