"""The configuration file with several models."""

from pathlib import Path

import pytest

from serving.errors import InputError
from serving.models.model_config import ModelConfig, read_model_configs


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "models.config"
    path.write_text(text, encoding="utf-8")
    return path


def entry(name: str = "a", base_path: str = "/models/a", platform: str = "tensorflow") -> str:
    return f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "{platform}" }}'


def test_several_models(tmp_path):
    path = written(tmp_path, f"# two\nmodel_config_list {{ {entry()} {entry('b', '/b')} }}")
    assert read_model_configs(path) == [
        ModelConfig("a", Path("/models/a")),
        ModelConfig("b", Path("/b")),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no model"),
        ("model_config_list {}", "no model"),
        ("model_config_list {", "models.config, line 1"),
        ("model_config_list {\n config { nmae: 'a' } }", 'line 2, column 11.*"nmae"'),
        ("model_config_list { config { name: 3 } }", "line 1"),
        ("model_config_list { config { base_path: '/a' } }", "expected a name"),
        ("model_config_list { config { name: 'a' } }", "expected a name and a base_path"),
        ("model_config_list { config { name: 'a' base_path: '/a' } }", "model_platform"),
        (f"model_config_list {{ {entry(platform='other')} }}", "Received: 'other'"),
        (f"model_config_list {{ {entry(base_path='models/a')} }}", "an absolute base_path"),
        (f"model_config_list {{ {entry()} {entry()} }}", "Received: 2 of 'a'"),
    ],
)
def test_refused_files(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_model_configs(written(tmp_path, text))


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "models.config").write_bytes(b"\xe9")
    with pytest.raises(InputError, match="models.config: expected a text file in UTF-8"):
        read_model_configs(tmp_path / "models.config")
