"""The flags of batching, and what they say for each model."""

from dataclasses import dataclass
from pathlib import Path

from serving.batching.parameters import BatchingParameters, read_batching_parameters
from serving.command import BOOLEAN, CommandParser
from serving.protocol.errors import InputError

PARAMETERS_FILE = "batching_params.pbtxt"


@dataclass(frozen=True)
class Batching:
    """Which models are batched, and how.

    Attributes:
        parameters: for all models; with `is_per_model`, only the threads.
        is_per_model: whether models are batched as a file in their version directory says, and
            not at all without one.
    """

    parameters: BatchingParameters
    is_per_model: bool = False

    def parameters_of(self, version_directory: Path) -> BatchingParameters | None:
        """How a version is batched; None if it is not.

        Raises:
            InputError: its file is none, as in `read_batching_parameters`.
            OSError: it cannot be read.
        """
        if not self.is_per_model:
            return self.parameters
        path = version_directory / PARAMETERS_FILE
        return read_batching_parameters(path) if path.is_file() else None


def add_batching_flags(parser: CommandParser) -> None:
    """Add the flags of batching."""
    group = parser.add_argument_group("batching, as TensorFlow Serving")
    group.add_argument(
        "--enable_batching",
        **BOOLEAN,
        default=False,
        help="run requests that come at the same time as one; every input and output of every "
        "signature must have the batch as dimension 0",
    )
    group.add_argument(
        "--batching_parameters_file",
        type=Path,
        help="text file: max_batch_size { value: 32 } batch_timeout_micros { value: 2000 } "
        "num_batch_threads { value: 2 } allowed_batch_sizes: 8 allowed_batch_sizes: 32",
    )
    group.add_argument(
        "--enable_per_model_batching_parameters",
        **BOOLEAN,
        default=False,
        help=f"batch only models with a {PARAMETERS_FILE} in the version directory, as it says; "
        "the file above then only says how many threads there are",
    )


def read_batching(
    enabled: bool, parameters_file: Path | None, is_per_model: bool
) -> Batching | None:
    """What the flags say; None if batching is off.

    Args:
        enabled: `--enable_batching`.
        parameters_file: `--batching_parameters_file`.
        is_per_model: `--enable_per_model_batching_parameters`.

    Raises:
        InputError: there are parameters, but batching is off; or as `read_batching_parameters`.
        OSError: the file cannot be read.
    """
    if not enabled:
        if parameters_file is not None:
            raise InputError(
                "--batching_parameters_file: expected --enable_batching as well. Received: none"
            )
        return None
    parameters = (
        read_batching_parameters(parameters_file) if parameters_file else BatchingParameters()
    )
    return Batching(parameters, is_per_model)
