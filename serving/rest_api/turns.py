"""Turns at what only one thread can do at a time anyway: making Python's values of text, and text.

Threads that wait for each other here leave the interpreter to the connections; threads that fight
for the interpreter do not. Much and little have turns of their own, so that little does not wait
for much.
"""

import threading

_LITTLE = 64 * 1024

_little, _much = threading.Lock(), threading.Lock()


def turn(size: int) -> threading.Lock:
    """The lock to hold while something of so many bytes or values is read or written."""
    return _little if size <= _LITTLE else _much
