"""How the commands of this package and of `export` read flags, start and report what is wrong."""

import argparse
import sys
import typing
from collections.abc import Callable

from seqrec_tf.errors import InputError
from seqrec_tf.screen import command_screen
from seqrec_tf.undoing import INTERRUPTED, LINE


class Parser(argparse.ArgumentParser):
    """argparse that keeps examples as laid out, and whose error is one line and exit code 2."""

    def __init__(self, **arguments: typing.Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # a flag cut short must not mean another one tomorrow
            **arguments,
        )

    def error(self, message: str) -> typing.NoReturn:
        """One line, and exit code 2."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """The flag of all commands that load TensorFlow."""
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="show what TensorFlow and others say about themselves",
    )


def run_command(command: Callable[[], None], verbose: bool = False) -> None:
    """Run a command's body; turn bad input into one line and exit code 2.

    `OSError` (a missing file, a full disk) counts as bad input: its message names the path.
    Anything else is a bug and keeps its traceback.

    Args:
        command: the body.
        verbose: whether the screen shows what else would be in a log file (`seqrec_tf.screen`).
    """
    with command_screen(verbose):
        try:
            command()
        except (InputError, OSError) as error:
            line = " ".join(str(error).split())
            print(f"error: {line}", file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt:  # not started as a command (`seqrec_tf.interrupts`)
            print(LINE, file=sys.stderr)
            sys.exit(INTERRUPTED)
