"""What a command says when its input is wrong: one line on stderr and exit code 2."""

import sys
from collections.abc import Callable


class InputError(ValueError):
    """Input a person can correct; the message says what, where, expected and received."""


def warn(line: str) -> None:
    """Say one line on stderr, and go on."""
    print(f"warning: {line}", file=sys.stderr)


def run_command(command: Callable[[], None]) -> None:
    """Run a command's body; turn bad input into one line and exit code 2.

    `OSError` (a missing file, a full disk) counts as bad input: its message names the path.
    Anything else is a bug and keeps its traceback.
    """
    try:
        command()
    except (InputError, OSError) as error:
        line = " ".join(str(error).split())
        print(f"error: {line}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
