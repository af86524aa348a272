"""What a command's process is after a signal: it undoes what the command had begun, and ends.

    python -IS undoing.py SIGNAL P F E PROCESS... FOLDER... EMPTY...

P processes end, F folders go, and so do E folders that are empty. It needs nothing but Python.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress

LINE, INTERRUPTED = "error: interrupted", 128 + signal.SIGINT
PATIENCE_SECONDS = 10


def leave(number: int) -> None:
    """End this process as a shell expects it after a signal; for Ctrl-C with one line."""
    if number == signal.SIGINT:
        # On a terminal after `^C`, and perhaps after a progress bar.
        os.write(2, f"{os.linesep if os.isatty(2) else ''}{LINE}\n".encode())
    os._exit(128 + number)


def end_processes(processes: list[int]) -> None:
    """Ask processes of ours to end, and wait until they have."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
    end = time.monotonic() + PATIENCE_SECONDS
    for process in processes:
        with suppress(ChildProcessError, ProcessLookupError):
            while os.waitpid(process, os.WNOHANG) == (0, 0):
                if time.monotonic() > end:
                    os.kill(process, signal.SIGKILL)
                time.sleep(0.005)


def main() -> None:
    """Undo what the arguments say."""
    number, processes, folders, _ = map(int, sys.argv[1:5])
    words = sys.argv[5:]
    end_processes([int(word) for word in words[:processes]])
    for folder in words[processes : processes + folders]:
        shutil.rmtree(folder, ignore_errors=True)
    for folder in words[processes + folders :]:
        with suppress(OSError):  # something is in it
            os.rmdir(folder)
    leave(number)


if __name__ == "__main__":
    main()
