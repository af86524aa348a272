"""What a command says when its input is wrong: one line on stderr and exit code 2."""

import sys


class InputError(ValueError):
    """Input a person can correct; the message says what, where, expected and received."""


def warn(line: str) -> None:
    """Say one line on stderr, and go on."""
    print(f"warning: {line}", file=sys.stderr)
