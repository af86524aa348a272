"""Which outputs are fetched."""

import pytest

from serving.inference.servable import Signature, selected


@pytest.mark.parametrize(
    ("wanted", "fetched"),
    [(None, None), (["b", "a"], None), (["b"], ("b",)), (["b", "b"], ("b",)), ([], ())],
)
def test_all_is_no_selection(wanted, fetched):
    assert selected(wanted, Signature({}, {"a": "DT_FLOAT", "b": "DT_FLOAT"})) == fetched
