"""Names of shipped files, and paths of others."""

from pathlib import Path

import pytest

from harma.errors import MissingFileError
from harma.ground.shipped import named_file


def test_a_shipped_name_goes_before_a_file_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("package", "."):
        Path(folder).mkdir(exist_ok=True)
        Path(folder, "a").write_text("")
    shipped = {"a": tmp_path / "package" / "a"}
    assert named_file("a", shipped, "recipe") == tmp_path / "package" / "a"
    assert named_file("./a", shipped, "recipe").resolve() == tmp_path / "a"
    assert named_file(tmp_path / "a", shipped, "recipe") == tmp_path / "a"


def test_what_is_neither_is_named(tmp_path):
    shipped = {"a": tmp_path / "a.yaml", "b": tmp_path / "b.yaml"}
    message = "there is no recipe 'c'; shipped are a, b, or give the path of a YAML file"
    with pytest.raises(MissingFileError, match=message):
        named_file("c", shipped, "recipe")
    with pytest.raises(MissingFileError, match="there is no recipe"):
        named_file(tmp_path, shipped, "recipe")
