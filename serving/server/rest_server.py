"""The embedded server: TensorFlow Serving's REST interface on starlette and uvicorn."""

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from serving.demo.routes import demo_routes
from serving.metrics import Metrics
from serving.models.registry import Registry
from serving.rest_api.app import RestApi, RestOptions


def create_app(
    registry: Registry, options: RestOptions, metrics: Metrics, demo_page: bool = True
) -> Starlette:
    """The application.

    Args:
        registry: the models to serve.
        options: how the REST interface behaves.
        metrics: where requests are counted.
        demo_page: whether `/` answers with a page to try the models on.
    """
    pages = demo_routes(registry) if demo_page else []
    return Starlette(routes=[*pages, Mount("/", app=RestApi(registry, options, metrics))])


def serve(app: Starlette, listener: socket.socket) -> None:
    """Answer requests until SIGINT or SIGTERM; requests under way are finished first."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", ws="none", server_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])
