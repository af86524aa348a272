"""What `import serving` offers, and what importing it costs: nothing."""

from pathlib import Path

import pytest
from helpers.processes import printed

import serving


def test_all_names_are_there():
    assert all(hasattr(serving, name) for name in serving.__all__)
    assert set(serving.__all__) <= set(dir(serving))
    assert serving.Recommender.__module__ == "serving.client.recommender"
    assert (Path(serving.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="has no attribute 'Serve'"):
        serving.Serve  # noqa: B018


def test_names_are_loaded_when_they_are_asked_for():
    code = """
import sys
import serving
before = [name for name in sys.modules if name.startswith("serving.")]
serving.Recommender, serving.Recommendation, serving.Retries, serving.RequestError
serving.InputError, serving.Server, serving.ServerOptions
print(before, sorted({"tensorflow", "numpy", "starlette", "requests"} & set(sys.modules)))
"""
    assert printed(code) == "[] []"
