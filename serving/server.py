"""The embedded server: TensorFlow Serving's REST interface on starlette and uvicorn."""

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from serving.metrics import Metrics
from serving.registry import Registry
from serving.rest import RestApi, RestOptions


def create_app(registry: Registry, options: RestOptions, metrics: Metrics) -> Starlette:
    """The application.

    Args:
        registry: the models to serve.
        options: how the REST interface behaves.
        metrics: where requests are counted.
    """
    return Starlette(routes=[Mount("/", app=RestApi(registry, options, metrics))])


def serve(app: Starlette, listener: socket.socket) -> None:
    """Answer requests until SIGINT or SIGTERM; requests under way are finished first."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", ws="none", server_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])
