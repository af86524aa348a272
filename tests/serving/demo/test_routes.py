"""What stands behind the page at `/`: its files, the list of models, and the search of titles."""

import pytest

NOT_FOUND = "<h1>404 Not Found</h1>"


def search(server, **parameters) -> dict:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return server.get(f"/demo/catalogue?{query}").json()


def test_the_page_and_its_files(film_server):
    page = film_server.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<title>What comes next?</title>" in page.text
    types = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
    for name, expected in types.items():
        response = film_server.get(f"/demo/{name}")
        assert (response.status_code, response.headers["content-type"].split(";")[0]) == (
            200,
            expected,
        )
        assert f"demo/{name}" in page.text


@pytest.mark.parametrize("path", ["/", "/demo/page.js", "/demo/models", "/demo/catalogue"])
def test_headers_that_make_the_browser_strict(film_server, path):
    headers = film_server.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert headers["x-content-type-options"] == "nosniff"


def test_models(film_server):
    assert film_server.get("/demo/models").json() == {
        "models": [
            {"name": "films", "versions": ["2", "1"]},
            {"name": "half", "versions": ["20", "1"]},
            {"name": "seqrec", "versions": ["7"]},
            {"name": "words", "versions": ["1"]},
        ]
    }


def test_search(film_server):
    assert search(film_server, model="films", version=1, search="harbour") == {
        "size": 8,
        "total": 2,
        "items": [
            {"id": "101", "title": "Alien Harbour (1979)"},
            {"id": "105", "title": "Harbour Lights (1990)"},
        ],
    }
    assert search(film_server, model="words", version=1, search="far")["items"] == [
        {"id": f"film, {2**60 + 1}", "title": "Far Away (2020)"}
    ]


def test_a_title_stays_as_it_is(film_server):
    (item,) = search(film_server, model="films", version=2, search="onerror")["items"]
    assert item == {"id": "103", "title": "<img src=x onerror=window.broken=1>"}


def test_titles_of_ids(film_server):
    answer = film_server.get(f"/demo/titles?model=films&version=1&id={2**60 + 1}&id=9&id=102")
    assert answer.json() == {
        "size": 8,
        "items": [
            {"id": str(2**60 + 1), "title": "Far Away (2020)"},
            {"id": "102", "title": "The Alien Garden (1985)"},
        ],
    }


@pytest.mark.parametrize("model", ["half&version=1", "seqrec&version=7"])
def test_models_without_a_catalogue(film_server, model):
    nothing = {"size": None, "items": []}
    assert film_server.get(f"/demo/titles?model={model}&id=1").json() == nothing
    assert film_server.get(f"/demo/catalogue?model={model}").json() == nothing | {"total": 0}


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("model=films&version=3", 404, "Servable not found for request: Specific(films, 3)"),
        ("model=none&version=1", 404, "Servable not found for request: Specific(none, 1)"),
        ("version=1", 404, "Servable not found for request: Specific(, 1)"),
        ("model=films", 400, "version: expected a number. Received: ''"),
        ("model=films&version=-1", 400, "Received: '-1'"),
        ("model=films&version=%C2%B2", 400, "Received: '²'"),
        (f"model=films&version={10**19}", 400, "Received: '1000"),
    ],
)
def test_bad_questions(film_server, query, code, message):
    for path in ("catalogue", "titles"):
        response = film_server.get(f"/demo/{path}?{query}")
        assert response.status_code == code
        assert message in response.json()["error"]


@pytest.mark.parametrize(
    "path", ["/demo", "/demo/", "/demo/index.html", "/demo/none", "/demo/../demo.py", "/page.css"]
)
def test_everything_else_is_not_found(film_server, path):
    response = film_server.get(path)
    assert (response.status_code, response.text) == (404, NOT_FOUND)


def test_other_methods_are_not_found(film_server):
    for path in ("/", "/demo/models", "/demo/page.js"):
        response = film_server.post(path, {})
        assert (response.status_code, response.text) == (404, NOT_FOUND)


def test_without_the_page(start_server, model_root):
    running = start_server("--no-demo-page", f"--model_base_path={model_root / 'half'}")
    for path in ("/", "/demo/page.js", "/demo/models", "/demo/catalogue"):
        response = running.get(path)
        assert (response.status_code, response.text) == (404, NOT_FOUND)
    assert running.get("/v1/models/seqrec").status_code == 200
    assert running.stop() == 0
