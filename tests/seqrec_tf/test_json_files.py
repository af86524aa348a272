"""JSON files: what is written is read back, and what is broken is named."""

import pytest

from seqrec_tf.errors import InputError
from seqrec_tf.json_files import read_json, write_json


def test_what_is_written_is_read_back(tmp_path):
    write_json(tmp_path / "a.json", {"title": "Amélie", "scores": [0.5]})
    assert read_json(tmp_path / "a.json") == {"title": "Amélie", "scores": [0.5]}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{\n"a": }', "a.json, line 2: expected JSON. Received: Expecting value."),
        (b"", "a.json, line 1: expected JSON. Received: Expecting value."),
        (b"\xe9", "a.json: expected JSON. Received: 'utf-8' codec"),
        (b"[1]", "a.json: expected a JSON object. Received: list."),
        (b"[" * 100_000, "a.json: expected JSON. Received: maximum recursion"),
    ],
)
def test_mistakes_are_named(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_json(tmp_path / "a.json")
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
