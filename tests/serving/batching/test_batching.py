"""Batches, with a plain function as the model."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from serving.batching.batch_scheduler import Scheduler
from serving.batching.batched_model import BatchedModel
from serving.batching.parameters import BatchingParameters
from serving.inference.deadline import DEADLINE, Deadline, Ended, run_until
from serving.inference.limits import Limits
from serving.inference.servable import Signature
from serving.inference.tensor import Tensor
from serving.protocol.errors import ServingError, TooLarge
from serving.protocol.status import Code

SECONDS = 30
SIGNATURE = "serving_default"
EAGER = BatchingParameters(max_batch_size=6, batch_timeout_micros=0)


def filled(rows: int) -> BatchingParameters:
    """Batches that wait until they have so many rows, on the slowest machine."""
    return BatchingParameters(max_batch_size=rows, batch_timeout_micros=60_000_000)


class Doubling:
    """Stands for a loaded model: `y = 2 x`; remembers the batches it ran."""

    name, version, definitions = "double", 1, {}
    signatures = dict.fromkeys(
        [SIGNATURE, "other"], Signature({"x": "DT_INT64"}, {"y": "DT_INT64"})
    )

    def __init__(self):
        self.batches = []
        self.proceed = threading.Event()
        self.proceed.set()

    def with_defaults(self, signature_name, feeds):
        return feeds

    def run(self, signature_name, feeds):
        values = feeds["x"].values
        self.batches.append(values.tolist())
        assert self.proceed.wait(SECONDS)
        if -1 in values:
            raise ServingError(Code.INVALID_ARGUMENT, "minus one")
        if 99 in values:
            return {"y": Tensor(values[:1], (1,))}
        return {"y": Tensor(values * 2, feeds["x"].shape)}


def numbers(*values, dtype=np.int64) -> dict:
    return {"x": Tensor(np.array(values, dtype), (len(values),))}


def batched(model, parameters=EAGER, threads=1, limits=Limits()):  # noqa: B008
    made = BatchedModel(model, Scheduler(threads, "test"), parameters)
    made.limits = limits
    return made


def ask(model, *requests, signature=SIGNATURE):
    """Send requests, one after the other but without waiting; their values or errors."""

    def answer(values):
        try:
            return model.run(signature, numbers(*values))["y"].values.tolist()
        except ServingError as error:
            return error

    with ThreadPoolExecutor(len(requests)) as pool:
        futures = []
        for values in requests:
            futures.append(pool.submit(answer, values))
            time.sleep(0.05)  # until it waits in the queue
        return [future.result(SECONDS) for future in futures]


def refused(code: Code, message: str):
    return pytest.raises(ServingError, check=lambda e: e.code == code and message in e.message)


def test_requests_are_merged_and_taken_apart():
    model = Doubling()
    assert ask(batched(model, filled(4)), [1], [2, 3], [4]) == [[2], [4, 6], [8]]
    assert model.batches == [[1, 2, 3, 4]]


def test_a_batch_that_is_not_full_runs_when_its_time_has_come():
    model, started = Doubling(), time.monotonic()
    assert ask(batched(model, replace(EAGER, batch_timeout_micros=400_000)), [1], [2]) == [[2], [4]]
    assert time.monotonic() - started >= 0.4
    assert [number for batch in model.batches for number in batch] == [1, 2]


def test_what_does_not_fit_begins_the_next_batch():
    model = Doubling()
    answers = ask(batched(model, filled(6)), [1, 2, 3, 4], [5, 6, 7], [8, 9, 10])
    assert answers == [[2, 4, 6, 8], [10, 12, 14], [16, 18, 20]]
    assert model.batches == [[1, 2, 3, 4], [5, 6, 7, 8, 9, 10]]


def test_signatures_are_not_mixed():
    model = Doubling()
    merging = batched(model, filled(2))
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(ask, merging, [1], [2])
        other = pool.submit(ask, merging, [3], [4], signature="other")
        assert (one.result(SECONDS), other.result(SECONDS)) == ([[2], [4]], [[6], [8]])
    assert sorted(model.batches) == [[1, 2], [3, 4]]


def test_allowed_sizes_are_filled_up_with_the_first_row():
    model = Doubling()
    parameters = replace(EAGER, allowed_batch_sizes=(2, 6))
    assert ask(batched(model, parameters), [1, 2, 3]) == [[2, 4, 6]]
    assert model.batches == [[1, 2, 3, 1, 1, 1]]


def ask_lengths(parameters, *rows) -> list:
    """Send requests of one row each, of different lengths; their values or error codes."""
    merging = batched(Doubling(), parameters)

    def answer(row):
        feeds = {"x": Tensor(np.array(row), (1, len(row)))}
        try:
            return merging.run(SIGNATURE, feeds)["y"].values.tolist()
        except ServingError as error:
            return error.code

    with ThreadPoolExecutor(len(rows)) as pool:
        return list(pool.map(answer, rows))


def test_other_lengths_fail_together_unless_padded():
    assert ask_lengths(filled(2), [1, 2], [3]) == [Code.FAILED_PRECONDITION] * 2
    padding = replace(filled(2), pad_variable_length_inputs=True)
    # [3] is filled up with its own first element.
    assert ask_lengths(padding, [1, 2], [3]) == [[2, 4], [6, 6]]


def test_an_error_is_that_of_the_whole_batch():
    answers = ask(batched(Doubling(), filled(2)), [1], [-1])
    assert [str(answer) for answer in answers] == ["minus one", "minus one"]


def test_outputs_must_have_the_rows_of_the_inputs():
    (answer,) = ask(batched(Doubling()), [99, 1])
    assert answer.code == Code.FAILED_PRECONDITION


def test_a_request_of_another_type_runs_and_fails_alone():
    model = Doubling()
    merging = batched(model, filled(2))
    with ThreadPoolExecutor(1) as pool:
        good = pool.submit(ask, merging, [1], [2])
        merging.run(SIGNATURE, numbers(0.5, dtype=np.float32))
        assert good.result(SECONDS) == [[2], [4]]
    assert sorted(model.batches) == [[0.5], [1, 2]]


def test_no_rows_run_alone():
    assert ask(batched(Doubling(), filled(1)), []) == [[]]


def test_a_request_larger_than_a_batch():
    with refused(Code.INVALID_ARGUMENT, "Task size 7 is larger than maximum input batch size 6"):
        batched(Doubling()).run(SIGNATURE, numbers(*range(7)))


def test_inputs_must_have_rows():
    with refused(Code.INVALID_ARGUMENT, "must have at least one dimension"):
        batched(Doubling()).run(SIGNATURE, {"x": Tensor(np.array([1]), ())})


def test_limits_are_those_of_a_request_not_of_a_batch():
    merging = batched(Doubling(), filled(4), limits=Limits(rows=2))
    assert ask(merging, [1, 2], [3, 4]) == [[2, 4], [6, 8]]
    with pytest.raises(TooLarge):
        merging.run(SIGNATURE, numbers(1, 2, 3))


SPLITTING = BatchingParameters(
    max_batch_size=7,
    batch_timeout_micros=0,
    enable_large_batch_splitting=True,
    max_execution_batch_size=3,
)


def test_large_requests_are_split():
    model = Doubling()
    assert ask(batched(model, SPLITTING), [1, 2, 3, 4, 5, 6, 7]) == [[2, 4, 6, 8, 10, 12, 14]]
    assert model.batches == [[1, 2, 3], [4, 5, 6], [7]]


def test_parts_fill_the_open_batch_first():
    model = Doubling()
    patient = replace(SPLITTING, batch_timeout_micros=60_000_000)
    assert ask(batched(model, patient), [1, 2], [3, 4, 5], [6]) == [[2, 4], [6, 8, 10], [12]]
    assert model.batches == [[1, 2, 3], [4, 5, 6]]


@pytest.fixture
def busy():
    """A model whose only thread is held up by the request [0], which runs alone."""
    model = Doubling()
    model.proceed.clear()
    yield model
    model.proceed.set()


def hold_up(model, merging) -> threading.Thread:
    thread = threading.Thread(target=ask, args=[merging, [0]])
    thread.start()
    while not model.batches:
        time.sleep(0.001)
    return thread


def test_a_full_queue_refuses(busy):
    merging = batched(busy, replace(EAGER, max_batch_size=2, max_enqueued_batches=2))
    holding = hold_up(busy, merging)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask, merging, [number, number]) for number in (1, 2)]
        time.sleep(0.2)
        with refused(
            Code.UNAVAILABLE, "currently 2 batches enqueued and max_enqueued_batches is 2"
        ):
            merging.run(SIGNATURE, numbers(3))
        busy.proceed.set()
        assert [future.result(SECONDS) for future in waiting] == [[[2, 2]], [[4, 4]]]
    holding.join()


def test_a_full_queue_refuses_parts(busy):
    merging = batched(busy, replace(SPLITTING, max_enqueued_batches=2))
    holding = hold_up(busy, merging)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, merging, [1, 2, 3, 4])
        time.sleep(0.2)
        # Two of six places are left.
        with refused(Code.UNAVAILABLE, "task size is 3 but scheduling capacity is only 2"):
            merging.run(SIGNATURE, numbers(1, 2, 3))
        busy.proceed.set()
        assert waiting.result(SECONDS) == [[2, 4, 6, 8]]
    holding.join()


def test_a_request_whose_time_is_over_leaves_the_queue(busy):
    merging = batched(busy)
    holding = hold_up(busy, merging)
    deadline = Deadline()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run_until, deadline, merging.run, SIGNATURE, numbers(1))
        time.sleep(0.1)
        deadline.end()
        with refused(Code.RESOURCE_EXHAUSTED, "exceeded while waiting in batching queue"):
            waiting.result(SECONDS)
    busy.proceed.set()
    holding.join()
    assert ask(merging, [2]) == [[4]]
    assert busy.batches == [[0], [2]]


def test_ended_requests_leave_their_room_to_others(busy):
    """Four that fill the queue end, told or not; the batch is made of those who wait."""
    merging = batched(busy, replace(EAGER, max_batch_size=2, max_enqueued_batches=2))
    holding = hold_up(busy, merging)
    deadlines = [Deadline(0.3) for _ in range(2)] + [Deadline() for _ in range(2)]
    with ThreadPoolExecutor(6) as pool:
        waiting = [
            pool.submit(run_until, deadline, merging.run, SIGNATURE, numbers(number))
            for number, deadline in enumerate(deadlines, 1)
        ]
        time.sleep(0.4)
        for deadline in deadlines[2:]:
            deadline.end()
        good = [pool.submit(ask, merging, [number]) for number in (7, 8)]
        time.sleep(0.2)
        busy.proceed.set()
        assert [future.result(SECONDS) for future in good] == [[[14]], [[16]]]
        for future in waiting:
            with refused(Code.RESOURCE_EXHAUSTED, "while waiting in batching queue"):
                future.result(SECONDS)
    holding.join()
    assert sorted(sum(busy.batches, [])) == [0, 7, 8]


def test_a_batch_runs_until_all_of_its_requests_have_ended(busy):
    """Who ends is let go at once; the last one takes the batch along."""
    stopped = threading.Event()
    run = busy.run

    def watched(signature_name, feeds):
        DEADLINE.get().watch(stopped.set)
        return run(signature_name, feeds)

    busy.run = watched
    merging, deadlines = batched(busy, filled(2)), [Deadline(), Deadline()]
    with ThreadPoolExecutor(2) as pool:
        first, second = [
            pool.submit(run_until, deadline, merging.run, SIGNATURE, numbers(number))
            for number, deadline in enumerate(deadlines, 1)
        ]
        while not busy.batches:
            time.sleep(0.001)
        deadlines[0].end()
        with pytest.raises(Ended):
            first.result(SECONDS)
        assert not stopped.is_set() and not second.done()
        deadlines[1].end()
        assert stopped.wait(SECONDS)
        with pytest.raises(Ended):
            second.result(SECONDS)
    busy.proceed.set()
    assert ask(merging, [3], [4]) == [[6], [8]]


def test_threads_run_batches_at_the_same_time(busy):
    merging = batched(busy, threads=2)
    holding = hold_up(busy, merging)
    other = threading.Thread(target=ask, args=[merging, [1]])
    other.start()
    deadline = time.monotonic() + SECONDS
    while len(busy.batches) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert busy.batches == [[0], [1]]
    busy.proceed.set()
    holding.join()
    other.join()


def test_an_unloaded_model_is_let_go():
    import gc
    import weakref

    model = Doubling()
    merging = batched(model)
    assert ask(merging, [1]) == [[2]]
    scheduler, gone = merging._scheduler, weakref.ref(model)
    del model, merging
    gc.collect()
    assert gone() is None and scheduler
