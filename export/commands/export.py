"""`python -m export`: which of its commands is meant, `run` where none is named."""

import sys

from export.commands import batch, inspect, refresh, run, verify
from seqrec_tf.command import Parser, add_verbose, run_command

COMMANDS = {"run": run, "verify": verify, "inspect": inspect, "refresh": refresh, "batch": batch}


def main() -> None:
    """Read the flags and run the command."""
    parser = Parser(
        prog="python -m export",
        description=f"{run.DESCRIPTION}\n\nWithout the name of a command, run is meant.",
        epilog=run.EPILOG,
    )
    run.add_options(parser)
    add_verbose(parser)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", help="`COMMAND --help` says more:"
    )
    for name, module in COMMANDS.items():
        described = {"help": module.HELP, "description": module.DESCRIPTION}
        command = commands.add_parser(name, **described, epilog=module.EPILOG)
        module.add_options(command)
        add_verbose(command)
    given = vars(parser.parse_args())
    name = given["command"]
    if name is not None and sys.argv[1] != name:
        parser.error(f"expected {name} first and all flags after it. Received: {sys.argv[1]}")
    run_command(lambda: COMMANDS[name or "run"].command(given), given["verbose"])
