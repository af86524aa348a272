"""What is done every so many seconds goes on after errors, and ends when it is told to."""

import logging
import threading

from serving.protocol.errors import InputError
from serving.server.repeating import Repeating


def test_it_goes_on_and_complains_once_of_the_same(caplog):
    raised = [
        InputError("a"),
        InputError("a"),
        OSError("b"),
        KeyError("bug"),
        None,
        InputError("a"),
    ]
    left, done = list(raised), threading.Event()

    def look():
        if not left:
            done.set()
            return
        error = left.pop(0)
        if error is not None:
            raise error

    with caplog.at_level(logging.ERROR):
        repeating = Repeating(look, 0.001)
        assert done.wait(10)
        repeating.stop()
    stays = "; everything stays as it is"
    expected = [f"a{stays}", f"b{stays}", "looking for changes failed; trying again", f"a{stays}"]
    assert [record.message for record in caplog.records] == expected


def test_stop_waits_for_what_is_being_done():
    begun, goes_on, ended = threading.Event(), threading.Event(), []

    def look():
        begun.set()
        goes_on.wait(10)
        ended.append(1)

    repeating = Repeating(look, 0.001)
    assert begun.wait(10)
    threading.Timer(0.1, goes_on.set).start()
    repeating.stop()
    assert ended == [1]
    assert "look" not in [thread.name for thread in threading.enumerate()]
