"""The client on a machine of its own: without TensorFlow, NumPy and what else the server needs.

The environments hold what `pip install --no-deps seqrec-tf` puts there, and one of them what the
extra `client` names.
"""

import json
import os
import re
import subprocess
import sys
from configparser import ConfigParser
from importlib.metadata import distribution
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY, printed

SECONDS = 60

ASK = """
import json, sys
import serving
with serving.Recommender(sys.argv[1], "ranked") as recommender:
    answers = [
        recommender.recommend([[1, 2], [3]]),
        recommender.recommend([[1]], k=4, exclude_ids=[5], filter_seen=False),
        recommender.similar([2], k=2),
    ]
with serving.Recommender(sys.argv[1], "optional") as recommender:
    answers.append(recommender.recommend([[1]], k=3, exclude_ids=[5]))
names = [[[item.id, item.title, item.score] for one in each for item in one] for each in answers]
servers = {"starlette", "serving.server", "serving.models", "serving.inference"}
print(json.dumps([names, sorted(servers & set(sys.modules))]))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    """The Python of an environment with this project alone."""
    return environment(tmp_path_factory.mktemp("bare"), [])


@pytest.fixture(scope="module")
def with_extra(tmp_path_factory) -> Path:
    """The same with the extra `client`."""
    settings = ConfigParser()
    settings.read(REPOSITORY / "setup.cfg")
    wanted = re.findall(r"^([\w-]+)", settings["options.extras_require"]["client"], re.MULTILINE)
    return environment(tmp_path_factory.mktemp("extra"), wanted)


def environment(folder: Path, packages: list[str]) -> Path:
    """An environment with these packages, what they need, and this project without what it does."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    build = ["setup.py", "-q", "build", "--build-base", folder / "build", "--build-lib", site]
    subprocess.run([sys.executable, *build], cwd=REPOSITORY, check=True, capture_output=True)
    for package in closure(packages):
        link(package, site)
    return folder / "bin" / "python"


def closure(packages: list[str]) -> set[str]:
    """The packages, and all that these cannot do without."""
    found: set[str] = set()
    while packages:
        package = packages.pop()
        if package not in found:
            found.add(package)
            needed = distribution(package).requires or []
            packages += [re.match(r"[\w.-]+", one)[0] for one in needed if ";" not in one]
    return found


def link(package: str, site: Path) -> None:
    """The files of an installed package, in another environment as well."""
    for file in distribution(package).files or []:
        if ".." not in file.parts and "__pycache__" not in file.parts:
            place = site / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(file.locate())


def run(python: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Isolated: neither this checkout nor the variables of the tests are seen."""
    return subprocess.run(
        [python, "-I", *arguments],
        cwd=python.parent,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@pytest.mark.parametrize("environment", ["bare", "with_extra"])
def test_what_is_not_there(environment, request):
    packages = ["tensorflow", "numpy", "starlette", "requests", "tensorflow_serving"]
    packages += ["grpc", "google"] if environment == "bare" else []
    script = "import importlib.util as i, sys; print([p for p in sys.argv[1:] if i.find_spec(p)])"
    ended = run(request.getfixturevalue(environment), "-c", script, *packages)
    assert (ended.stdout, ended.stderr) == ("[]\n", "")


@pytest.mark.parametrize("environment", ["bare", "with_extra"])
def test_over_rest(environment, served, request):
    assert_answers(request.getfixturevalue(environment), served.server.url)


def test_over_grpc(with_extra, served):
    assert_answers(with_extra, f"grpc://127.0.0.1:{served.port}")


def assert_answers(python: Path, url: str) -> None:
    """They are those of a client here."""
    ended = run(python, "-c", ASK, url)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == json.loads(printed(ASK, url))
    answers, loaded = json.loads(ended.stdout)
    assert [len(each) for each in answers] == [6, 4, 1, 3]
    assert loaded == []


def test_the_command(bare, served):
    ended = run(bare, "-m", "serving.client", "--url", served.server.url, "--model=ranked", "1")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("history: 1\n")


def test_grpc_says_what_it_needs(bare):
    ended = run(bare, "-m", "serving.client", "--url=grpc://127.0.0.1:9", "1")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(
        r"error: gRPC needs \w+, which is not installed; expected after "
        r"`pip install grpcio protobuf`, or ask over http://\n",
        ended.stderr,
    )
