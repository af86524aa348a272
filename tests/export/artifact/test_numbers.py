"""Which names are versions, and which number comes next."""

import pytest

from export.artifact.numbers import LARGEST_VERSION, is_savedmodel, next_version, versions
from seqrec_tf.errors import InputError


@pytest.mark.parametrize(
    "names, expected",
    [
        ([], 1),
        (["7"], 8),
        (["9", "10"], 11),
        (["007"], 8),
        ([" 7", "+6"], 8),
        (["3", ".staging-x", "tmp", "-5", "1.5", "٣٣", "0x10", "1e3"], 4),
        (["-1"], 1),
        (["2", str(2**63), "9" * 200], 3),  # beyond an int64: no version to a server
    ],
)
def test_the_next_version_is_one_more_than_the_largest(tmp_path, names, expected):
    for name in names:
        (tmp_path / "m" / name).mkdir(parents=True)
    assert next_version([tmp_path / "m", tmp_path / "missing"]) == expected


def test_a_version_is_whatever_has_the_name_of_one(tmp_path):
    (tmp_path / "m/2").mkdir(parents=True)
    (tmp_path / "m/3").write_text("a file")
    (tmp_path / "m/4").symlink_to("nowhere")
    assert versions(tmp_path / "m") == [(n, tmp_path / f"m/{n}") for n in (2, 3, 4)]
    assert versions(tmp_path / "m/3") == versions(tmp_path / "missing") == []


@pytest.mark.parametrize("asked, other", [("m", "m-lite"), ("m-lite", "m")])
def test_a_number_that_the_other_format_has_is_taken(tmp_path, asked, other):
    (tmp_path / other / "5").mkdir(parents=True)
    assert next_version([tmp_path / asked]) == 6


def test_after_the_largest_number_there_is_none(tmp_path):
    (tmp_path / "m" / str(LARGEST_VERSION)).mkdir(parents=True)
    with pytest.raises(InputError, match=f"/m/{LARGEST_VERSION}: expected a version below"):
        next_version([tmp_path / "m"])


def test_a_savedmodel_has_its_graph(tmp_path):
    (tmp_path / "variables").mkdir()
    assert not is_savedmodel(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    assert is_savedmodel(tmp_path)
