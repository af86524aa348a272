"""How requests are merged into batches: TensorFlow Serving's `BatchingParameters`, in text form.

max_batch_size { value: 32 }
batch_timeout_micros { value: 2000 }
num_batch_threads { value: 2 }
allowed_batch_sizes: 8
allowed_batch_sizes: 32
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from serving.protocol.errors import InputError
from serving.protocol.text_proto import message_class, read_text_proto

_LEAST = {
    "max_batch_size": 1,
    "batch_timeout_micros": 0,
    "max_enqueued_batches": 1,
    "num_batch_threads": 1,
    "max_execution_batch_size": 1,
}


@dataclass(frozen=True)
class BatchingParameters:
    """The parameters, with TensorFlow's defaults.

    Attributes:
        max_batch_size: rows of the largest request and, unless requests are split, batch.
        batch_timeout_micros: how long a batch that is not full waits for more requests.
        max_enqueued_batches: batches that may wait for a thread, for each signature.
        num_batch_threads: batches that run at the same time, of all models together.
        thread_pool_name: the name of these threads.
        allowed_batch_sizes: ascending; a batch is filled up to the next one with copies of the
            first row of its last request. Any size if there are none.
        pad_variable_length_inputs: whether tensors of different lengths are merged, filled up
            with *their own first element*; otherwise such a batch fails.
        enable_large_batch_splitting: whether a request is spread over several batches.
        max_execution_batch_size: rows of the largest batch if requests are split.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    thread_pool_name: str = "batch_threads"
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0

    @property
    def batch_limit(self) -> int:
        """Rows of the largest batch."""
        if self.enable_large_batch_splitting and self.max_execution_batch_size:
            return self.max_execution_batch_size
        return self.max_batch_size

    def padded_size(self, rows: int) -> int:
        """The size that a batch of so many rows is filled up to."""
        return next((size for size in self.allowed_batch_sizes if size >= rows), rows)


def read_batching_parameters(path: Path) -> BatchingParameters:
    """Read a `--batching_parameters_file` or a model's `batching_params.pbtxt`.

    Raises:
        InputError: not that text form, a number that is too small, or allowed batch sizes that
            do not ascend to the largest batch size.
        OSError: the file cannot be read.
    """
    kind = message_class("session_bundle_config.proto", "BatchingParameters")
    message = read_text_proto(path, kind())
    given = {descriptor.name: value for descriptor, value in message.ListFields()}
    allowed = tuple(given.pop("allowed_batch_sizes", ()))
    values = {name: getattr(value, "value", value) for name, value in given.items()}
    for name, least in _LEAST.items():
        if values.get(name, least) < least:
            raise InputError(f"{path}: expected {name} from {least} on. Received: {values[name]}")
    parameters = BatchingParameters(**values, allowed_batch_sizes=allowed)
    _check_allowed_sizes(parameters, path)
    return parameters


def _check_allowed_sizes(parameters: BatchingParameters, path: Path) -> None:
    sizes = list(parameters.allowed_batch_sizes)
    if sizes != sorted(set(sizes)):
        raise InputError(f"{path}: expected allowed_batch_sizes to ascend. Received: {sizes}")
    if sizes and sizes[-1] != parameters.max_batch_size:
        raise InputError(
            f"{path}: Last entry in allowed_batch_sizes must match max_batch_size; last entry was "
            f"{sizes[-1]}; expected {parameters.max_batch_size}"
        )
    if parameters.batch_limit > parameters.max_batch_size:
        raise InputError(
            f"{path}: expected max_execution_batch_size up to max_batch_size, "
            f"{parameters.max_batch_size}. Received: {parameters.batch_limit}"
        )
