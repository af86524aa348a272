"""The application: TensorFlow Serving's REST interface and the page, on starlette."""

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
