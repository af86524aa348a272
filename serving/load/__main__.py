"""Load a model server and say how it held out.

    python -m serving.load --seconds 30 --concurrency 8 --histories histories.jsonl

The generator is threads on raw kept connections, in as many processes as asked for. Against a
server that does nothing, on two cores that both share with others, one process drove 7,000 to
16,000 requests a second at 8 connections, two drove 11,000 to 25,000
(`tests/benchmarks/load_ceiling.py`). It says how busy it was, and warns above 70 %, where latencies
begin to be its own.
"""

import json
import signal

from serving.command import run_command
from serving.interrupts import LINE, end_at_once


def main() -> None:
    """Read the flags, send the requests, print the report."""
    # Before the imports, which take a while. There is nothing to undo: the workers see the end.
    end_at_once(f"{LINE}; nothing is reported")
    from serving.load.command import load
    from serving.load.options import read_options

    options = read_options()
    run_command(lambda: print(json.dumps(load(options, _ignore_interrupts), indent=2)))


def _ignore_interrupts() -> None:
    """Ctrl-C would only lose what was measured."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
