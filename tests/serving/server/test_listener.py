"""The listening socket."""

import socket

import pytest

from serving.protocol.errors import InputError
from serving.server.listener import base_url, open_listener


def test_a_free_port_is_picked():
    with open_listener("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert base_url(listener) == f"http://127.0.0.1:{port}"
        # asyncio turns Nagle's algorithm off for sockets that say they are TCP only.
        assert listener.proto == socket.IPPROTO_TCP


def test_nobody_can_connect_before_the_models_are_loaded():
    with open_listener("127.0.0.1", 0) as listener, pytest.raises(ConnectionRefusedError):
        socket.create_connection(listener.getsockname())


def test_an_address_of_another_machine():
    with pytest.raises(InputError, match="cannot listen on 192.0.2.1 port 0"):
        open_listener("192.0.2.1", 0)
