"""How the commands of this package read flags and report bad input: one line, exit code 2."""

import argparse
import signal
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any, NoReturn

from serving.interrupts import LINE, exit_code
from serving.protocol.errors import InputError


class CommandParser(argparse.ArgumentParser):
    """A parser whose every complaint is one line, `error: ...`, and exit code 2."""

    def __init__(self, **options: Any):
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(formatter_class=formatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Print the complaint without the usage and leave with exit code 2."""
        print(f"error: {message} (see {self.prog} --help)", file=sys.stderr)
        sys.exit(2)


def run_command(command: Callable[[], None]) -> None:
    """Run a command's body; turn bad input into one line on stderr and exit code 2.

    `OSError` (a folder that cannot be read) counts as bad input. Anything else is a bug and keeps
    its traceback. Ctrl-C is `serving.interrupts`' business; a body that undoes something raises it.
    """
    try:
        command()
    except KeyboardInterrupt:
        print(LINE, file=sys.stderr)
        sys.exit(exit_code(signal.SIGINT))
    except (InputError, OSError) as error:
        message = str(error)
        if isinstance(error, OSError) and error.filename is not None:
            message = f"{error.filename}: {error.strerror}"
        print(f"error: {' '.join(message.split())}", file=sys.stderr)
        sys.exit(2)


def port(text: str) -> int:
    """A TCP port."""
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"expected a port from 0 to 65535. Received: {text!r}")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a number from 1. Received: {text!r}")
    return int(text)


def natural(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"expected a number from 0. Received: {text!r}")
    return int(text)


def boolean(text: str) -> bool:
    """TensorFlow Serving's way to write a flag: `--flag`, `--flag=true`, `--flag=false`."""
    if text not in ("true", "false"):
        raise ArgumentTypeError(f"expected true or false. Received: {text!r}")
    return text == "true"


BOOLEAN: dict[str, Any] = {"type": boolean, "nargs": "?", "const": True}
