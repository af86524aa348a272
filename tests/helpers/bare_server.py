"""The embedded server's HTTP with an application that says what it was asked: starts at once.

    python tests/helpers/bare_server.py SECONDS_OF_A_CONNECTION SECONDS_OF_THE_DRAIN

The request's header `sleep` says how long the answer takes, `size` how long it is. A client that
goes away meanwhile is counted; `/gone` answers how many did.
"""

import asyncio
import contextlib
import json
import sys

from serving.server.http_server import Patience, serve
from serving.server.listener import base_url, open_listener

GONE = []


async def application(scope, receive, send):
    """Answer `[method, path, body]` (ASGI)."""
    body, message = b"", {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":
            return
        body += message["body"]
    headers = dict(scope["headers"])
    if seconds := float(headers.get(b"sleep", 0)):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
            GONE.append(scope["raw_path"])
            return
    asked = [scope["method"], scope["raw_path"].decode(), body.decode("utf-8", "replace")]
    asked = len(GONE) if scope["path"] == "/gone" else asked
    answer = json.dumps(asked).encode() + b" " * int(headers.get(b"size", 0))
    length = (b"content-length", str(len(answer)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    listener = open_listener("127.0.0.1", 0)
    listener.listen()
    print(base_url(listener), flush=True)
    serve(application, listener, Patience(*map(float, sys.argv[1:])), lambda: print("stopping"))
