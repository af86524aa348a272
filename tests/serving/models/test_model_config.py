"""The configuration file with several models."""

from pathlib import Path

import pytest

from serving.models.model_config import ModelConfig, read_model_configs
from serving.protocol.errors import InputError


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


PLATFORM = "model_platform: 'tensorflow'"


def one(fields: str) -> str:
    return f"model_config_list {{ config {{ name: 'a' base_path: '/models/a' {fields} }} }}"


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        ("", [3]),
        ("model_version_policy {}", [3]),
        ("model_version_policy { latest {} }", [3]),
        ("model_version_policy { latest { num_versions: 0 } }", [3]),
        ("model_version_policy < latest: < num_versions: 0x2 > >", [3, 2]),
        ("model_version_policy { all {} }", [3, 2, 1]),
        ("model_version_policy { specific { versions: [1, 3] } }", [3, 1]),
        ("model_version_policy { specific { versions: 1; versions: 1, } }", [1]),
        ("model_version_policy { specific {} }", []),
    ],
)
def test_policies(tmp_path, policy, chosen):
    (config,) = read_model_configs(written(tmp_path, one(f"{PLATFORM} {policy}")))
    assert config.policy.choose([3, 2, 1]) == chosen


@pytest.mark.parametrize(
    "base_path",
    ["/models/a", "file:///models/a", "file://localhost/models/a", "file://elsewhere/models/a"],
)
def test_base_paths(tmp_path, base_path):
    """As in TensorFlow's file system, the host of a URI is ignored, and nothing is unquoted."""
    text = f"model_config_list {{ {entry(base_path=base_path)} {entry('b', base_path + '%20b')} }}"
    assert [config.base_path for config in read_model_configs(written(tmp_path, text))] == [
        Path("/models/a"),
        Path("/models/a%20b"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        one("model_type: TENSORFLOW"),
        one("model_type: 1"),
        one("model_type: MODEL_TYPE_UNSPECIFIED model_platform: 'tensorflow'"),
        one(f"{PLATFORM} logging_config {{}} version_labels: []"),
        "model_config_list: < config: [{name: 'a', base_path: '/models/' 'a'; model_type: 1}] >",
        f"# a comment\r\nmodel_config_list {{\r\n {entry()} # another\r\n}}\r\n",
    ],
)
def test_one_model_in_many_forms(tmp_path, text):
    assert read_model_configs(written(tmp_path, text)) == [ModelConfig("a", Path("/models/a"))]


@pytest.mark.parametrize(
    "text", ["model_config_list {}", "model_config_list: < config: [] >; # no"]
)
def test_no_model_at_all(tmp_path, text):
    assert read_model_configs(written(tmp_path, text)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected model_config_list.*no model"),
        ("# model_config_list {}", "expected model_config_list.*no model"),
        ('custom_model_config { type_url: "x" }', "expected model_config_list.*no model"),
        ("model_config_list {", "models.config, line 1"),
        ("model_config_list {\n config { nmae: 'a' } }", 'line 2, column 11.*"nmae"'),
        ("model_config_list { config { name: 3 } }", "line 1"),
        ("model_config_list { config { base_path: '/a' } }", "expected a name"),
        ("model_config_list { config { name: 'a' } }", "expected a name and a base_path"),
        ("model_config_list { config { name: 'a' base_path: '/a' } }", "model_platform"),
        (f"model_config_list {{ {entry(platform='other')} }}", "Received: 'other'"),
        (f"model_config_list {{ {entry(base_path='models/a')} }}", "an absolute base_path"),
        (f"model_config_list {{ {entry(base_path='file:models/a')} }}", "an absolute base_path"),
        (f"model_config_list {{ {entry(base_path='file:/models/a')} }}", "an absolute base_path"),
        (f"model_config_list {{ {entry(base_path='s3://models/a')} }}", "on this machine.*'s3://m"),
        (f"model_config_list {{ {entry(base_path='FILE:///models/a')} }}", "on this machine"),
        (one("model_type: OTHER"), "Received: 'other'"),
        (one("model_type: 7"), "Received: 'other'"),
        (f"model_config_list {{ {entry(base_path='/models/' + chr(92) + '000')} }}", "absolute"),
        (one("model_type: TENSORFLOW model_platform: 'tensorflow'"), "model_type.*both"),
        (one("model_type: 0"), "model_platform: 'tensorflow'"),
        (one(f"{PLATFORM} model_version_policy {{ all {{}} latest {{}} }}"), '"latest".*"all"'),
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
