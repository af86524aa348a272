"""The text file of batching parameters, and the flags around it."""

import pytest

from serving.batching.flags import PARAMETERS_FILE, Batching
from serving.batching.parameters import BatchingParameters, read_batching_parameters
from serving.protocol.errors import InputError

COMPLETE = """
max_batch_size { value: 16 } batch_timeout_micros { value: 500 } max_enqueued_batches { value: 3 }
num_batch_threads { value: 2 } thread_pool_name { value: "pool" } allowed_batch_sizes: 4
allowed_batch_sizes: 16 pad_variable_length_inputs: true
enable_large_batch_splitting { value: true } max_execution_batch_size { value: 8 }
"""


def read(tmp_path, text: str) -> BatchingParameters:
    path = tmp_path / "batching.config"
    path.write_text(text, encoding="utf-8")
    return read_batching_parameters(path)


def test_complete(tmp_path):
    parameters = read(tmp_path, COMPLETE)
    assert parameters == BatchingParameters(16, 500, 3, 2, "pool", (4, 16), True, True, 8)
    assert parameters.batch_limit == 8


def test_defaults(tmp_path):
    parameters = read(tmp_path, "")
    assert parameters == BatchingParameters()
    assert (parameters.max_batch_size, parameters.batch_timeout_micros) == (1000, 0)
    assert (parameters.max_enqueued_batches, parameters.batch_limit) == (10, 1000)


def test_batches_are_only_smaller_if_requests_are_split(tmp_path):
    text = "max_batch_size { value: 9 } max_execution_batch_size { value: 3 }"
    assert read(tmp_path, text).batch_limit == 9


def test_padded_size(tmp_path):
    parameters = read(tmp_path, COMPLETE)
    assert [parameters.padded_size(rows) for rows in (1, 4, 5, 16)] == [4, 4, 16, 16]
    assert BatchingParameters().padded_size(5) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch_size: 3", "line 1, column"),
        ("max_size { value: 3 }", "max_size"),
        ("max_batch_size { value: 0 }", "expected max_batch_size from 1 on. Received: 0"),
        ("batch_timeout_micros { value: -1 }", "Received: -1"),
        (
            "max_batch_size { value: 2 } allowed_batch_sizes: 1 allowed_batch_sizes: 3",
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 3; "
            "expected 2",
        ),
        ("allowed_batch_sizes: 1000 allowed_batch_sizes: 1000", "to ascend. Received: [1000, 1000"),
        (
            "max_batch_size { value: 2 } enable_large_batch_splitting { value: true } "
            "max_execution_batch_size { value: 3 }",
            "expected max_execution_batch_size up to max_batch_size, 2. Received: 3",
        ),
    ],
)
def test_refused(tmp_path, text, message):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value) and str(tmp_path) in str(caught.value)


def test_each_model_by_its_own_file(tmp_path):
    for_all = BatchingParameters(max_batch_size=5)
    assert Batching(for_all).parameters_of(tmp_path) == for_all
    each = Batching(for_all, is_per_model=True)
    assert each.parameters_of(tmp_path) is None
    (tmp_path / PARAMETERS_FILE).write_text("max_batch_size { value: 7 }")
    assert each.parameters_of(tmp_path) == BatchingParameters(max_batch_size=7)
