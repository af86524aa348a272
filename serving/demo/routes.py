"""A page to look at, at `/`: search titles, click a history together, see what is recommended.

The page (`serving/demo/page/`) asks TensorFlow Serving's own REST interface for metadata and
predictions. What that cannot say, which models there are and which titles they know, it asks here:

    GET /demo/models                                       names and versions
    GET /demo/catalogue?model=M&version=N&search=WORDS     the first titles with these words
    GET /demo/titles?model=M&version=N&id=ID&id=ID         the titles of ids

All of it is read-only, and none of it exists under `--no-demo-page`.
"""

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from serving.demo.catalogue import Catalogue, Item
from serving.demo.catalogues import Catalogues
from serving.inference.servable import Servable
from serving.models.registry import Registry
from serving.protocol.errors import ServingError, invalid_argument
from serving.protocol.status import HTTP_STATUS
from serving.protocol.urls import Call

PAGE = Path(__file__).parent / "page"
LIMIT = 20  # items that a search returns at most

# The browser itself refuses other origins, scripts in titles, and any text taken for HTML.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # After an upgrade nobody sees half of the old page.
    "Cache-Control": "no-cache",
}


def demo_routes(registry: Registry) -> list[Route]:
    """The page, its files, and the three questions above.

    Args:
        registry: the models that the page shows.
    """
    catalogues = Catalogues()

    def asked(request: Request) -> Catalogue | None:
        return catalogues.of(_model(registry, request))

    answers = {
        "models": lambda request: _models(registry),
        "catalogue": lambda request: _search(asked(request), request),
        "titles": lambda request: _titles(asked(request), request),
    }
    files = sorted(path for path in PAGE.iterdir() if path.name != "index.html")
    return [
        Route("/", _file(PAGE / "index.html")),
        *[Route(f"/demo/{path.name}", _file(path)) for path in files],
        *[Route(f"/demo/{name}", _json(answer)) for name, answer in answers.items()],
    ]


def _file(path: Path) -> Callable[[Request], Response]:
    return lambda request: FileResponse(path, headers=HEADERS)


def _json(answer: Callable[[Request], dict]) -> Callable[[Request], Response]:
    # Not a coroutine: starlette then runs it in a thread, for a search takes a while.
    def respond(request: Request) -> Response:
        try:
            return JSONResponse(answer(request), headers=HEADERS)
        except ServingError as error:
            content = {"error": error.message}
            return JSONResponse(content, status_code=HTTP_STATUS[error.code], headers=HEADERS)

    return respond


def _models(registry: Registry) -> dict:
    # Versions are text, as ids are: JavaScript has no int64.
    available = registry.available().items()
    return {
        "models": [
            {"name": name, "versions": [str(version) for version in versions]}
            for name, versions in available
        ]
    }


def _search(catalogue: Catalogue | None, request: Request) -> dict:
    """What a search finds; `size` is null if the model has no catalogue."""
    if catalogue is None:
        return {"size": None, "total": 0, "items": []}
    found = catalogue.search(request.query_params.get("search", ""), LIMIT)
    return {"size": catalogue.size, "total": found.total, "items": _documents(found.items)}


def _titles(catalogue: Catalogue | None, request: Request) -> dict:
    """The items of ids that the catalogue knows; `size` as in a search."""
    if catalogue is None:
        return {"size": None, "items": []}
    ids = request.query_params.getlist("id")
    return {"size": catalogue.size, "items": _documents(catalogue.items(ids))}


def _model(registry: Registry, request: Request) -> Servable:
    model = request.query_params.get("model", "")
    version = request.query_params.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 20):
        raise invalid_argument(f"version: expected a number. Received: {version[:100]!r}")
    return registry.find(Call("metadata", model, int(version)))


def _documents(items: list[Item]) -> list[dict]:
    return [item._asdict() for item in items]
