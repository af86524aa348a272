"""The application: TensorFlow Serving's REST interface and the page, on starlette."""

from starlette.applications import Starlette
from starlette.routing import Mount

from serving.demo.routes import demo_routes
from serving.models.registry import Registry
from serving.rest_api.app import RestApi


def create_app(rest: RestApi, registry: Registry, demo_page: bool = True) -> Starlette:
    """The application.

    Args:
        rest: the REST interface.
        registry: the models that the page shows.
        demo_page: whether `/` answers with a page to try the models on.
    """
    pages = demo_routes(registry) if demo_page else []
    return Starlette(routes=[*pages, Mount("/", app=rest)])
