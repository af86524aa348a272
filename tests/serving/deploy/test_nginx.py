"""The generated nginx front: its directives, and where nginx is installed, the real one."""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import crossplane
import pytest
import requests
from helpers.processes import free_port

from serving.client import Recommender, RequestError
from serving.deploy.generate import Deployment, generate
from serving.deploy.models import DeployedModel

MODULE = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
PASSWORD = ("reader", "a long random password")


@dataclass(frozen=True)
class Front:
    """A running nginx; its certificate stands for all authorities."""

    url: str
    certificate: str

    def ask(self, method: str, path: str, **options) -> requests.Response:
        options = {"auth": PASSWORD, "verify": self.certificate, "timeout": 20} | options
        return requests.request(method, self.url + path, **options)


def written(folder: Path) -> Path:
    """The generated configuration of nginx."""
    models = [DeployedModel("half", 1, 0, [])]
    deployment = Deployment(folder, models, "shop", "tensorflow/serving", "localhost", 1, 1)
    for name in ("nginx.conf", "nesting.js"):
        text = generate(deployment, {})[f"nginx/{name}"]
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "nginx.conf"


@pytest.fixture(scope="module")
def front(tmp_path_factory, server) -> Iterator[Front]:
    if not NGINX or not MODULE.exists():
        message = "needs nginx with its JavaScript module (Debian: libnginx-mod-http-js)"
        # Under CI a skipped proof would go unnoticed.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    certificate = make_private(folder)
    port = free_port()
    path = written(folder)
    text = path.read_text(encoding="utf-8")
    # What the containers mount, on this machine.
    for there, here in (
        ("/tmp/", f"{folder}/"),
        ("/etc/nginx/private", str(folder)),
        ("/etc/nginx/serving", str(folder)),
        ("modules/ngx_http_js_module.so", str(MODULE)),
        ("listen 8443", f"listen 127.0.0.1:{port}"),
        ("server tfserving:8501", f"server {server.url.removeprefix('http://')}"),
    ):
        assert there in text
        text = text.replace(there, here)
    path.write_text(text, encoding="utf-8")
    process = subprocess.Popen([NGINX, "-c", str(path), "-g", "daemon off;"])
    running = Front(f"https://localhost:{port}", certificate)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert process.poll() is None
            time.sleep(0.1)
    yield running
    process.terminate()
    process.wait(20)


def make_private(folder: Path) -> str:
    """The certificate, its key and the passwords, as the README says; the certificate's path."""
    key, certificate = folder / "tls.key", folder / "tls.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    encoded = base64.b64encode(":".join(PASSWORD).encode()).decode()
    (folder / "clients").write_text(f'"Basic {encoded}" reader;\n', encoding="utf-8")
    return str(certificate)


def test_directives(tmp_path):
    path = written(tmp_path)
    # Without the included file, which holds the passwords.
    parsed = crossplane.parse(str(path), single=True, strict=True)
    unknown = [error["error"] for error in parsed["errors"]]
    # The parser does not know the JavaScript module, nor what a map is made of.
    assert all(re.match('unknown directive "(js_|[0-9]{3}|default)', error) for error in unknown)
    text = json.dumps(parsed["config"][0]["parsed"])
    for directive in ("limit_req", "limit_conn", "client_max_body_size", "ssl_certificate"):
        assert f'"directive": "{directive}"' in text
    # The whole body has to be in memory, where its nesting is counted.
    sizes = dict(re.findall(r"(client_\w+_size) (\w+);", path.read_text(encoding="utf-8")))
    assert sizes["client_body_buffer_size"] == sizes["client_max_body_size"] == "1m"


def test_a_request_goes_through(front):
    answer = front.ask("POST", "/v1/models/half:predict", json={"instances": [2.0, 4.0]})
    assert (answer.status_code, answer.json()) == (200, {"predictions": [3.0, 4.0]})
    answer = front.ask("GET", "/v1/models/half/metadata")
    assert answer.json()["model_spec"]["name"] == "half"


@pytest.mark.parametrize(
    ("method", "path", "options", "code"),
    [
        ("GET", "/v1/models/half", {"auth": None}, 401),
        ("POST", "/v1/models/half:predict", {"auth": ("reader", "guessed")}, 401),
        ("GET", "/v1/models/half:predict", {}, 403),
        ("DELETE", "/v1/models/half", {}, 403),
        ("GET", "/monitoring/prometheus/metrics", {}, 404),
        ("POST", "/v1/models/half:reload", {}, 404),
        ("POST", "/v1/models/half:predict", {"data": b"1" * (1 << 20 | 1)}, 413),
        ("POST", "/v1/models/half:predict", {"headers": {"Content-Encoding": "gzip"}}, 415),
        ("POST", "/v1/models/half:predict", {"data": b"[" * 17}, 400),
    ],
)
def test_refusals_are_json(front, method, path, options, code):
    answer = front.ask(method, path, **options)
    assert (answer.status_code, list(answer.json())) == (code, ["error"])
    assert answer.headers["content-type"] == "application/json"


def test_nesting_is_counted_outside_strings_only(front):
    deep = "[" * 16 + "]" * 16
    for text, refused in (
        (f'{{"instances": [1.0], "x": "{deep}{deep} \\"{deep}"}}', False),
        (f'{{"instances": [1.0], "x\\\\": {deep}}}', True),
        (f'{{"instances": [1.0], "x": {deep[1:-1]}}}', False),
    ):
        answer = front.ask("POST", "/v1/models/half:predict", data=text)
        assert answer.status_code == (400 if refused else 200), text
        if refused:
            assert answer.json() == {"error": "expected JSON of at most 16 levels"}


def test_the_client_signs_in(front, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", front.certificate)
    name, password = PASSWORD
    host = front.url.removeprefix("https://")
    client = Recommender(f"https://{name}:{quote(password)}@{host}", model="half")
    assert "serving_default" in client.transport.signatures
    stranger = Recommender(f"https://{name}:guessed@{host}", model="half")
    with pytest.raises(RequestError, match="HTTP 401: expected the name") as raised:
        stranger.recommend([[1]])
    assert "guessed" not in str(raised.value)


def test_too_many_requests(front):
    with requests.Session() as session:
        session.trust_env = False  # or `verify` would be overruled
        session.auth, session.verify = PASSWORD, front.certificate
        url = f"{front.url}/v1/models/half"
        codes = [session.get(url, timeout=20).status_code for _ in range(400)]
    assert set(codes) == {200, 429}
