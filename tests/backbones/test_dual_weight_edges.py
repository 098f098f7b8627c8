"""Where the weights of a dual encoder's towers are: names of repositories."""

import pytest

from harma.backbones.dual_weights import place_of, repo_of
from harma.errors import BackboneError


@pytest.mark.parametrize("name", ["ORG/NAME", "hf-hub:ORG/NAME", "hf-hub:ORG/NAME@abc"])
def test_names_of_repositories(name):
    remote = repo_of(name)
    assert remote.repo == "ORG/NAME"
    assert remote.revision == ("abc" if "@" in name else None)


def test_a_repository_without_an_owner():
    assert repo_of("bert").repo == "bert"


@pytest.mark.parametrize("name", ["", "hf-hub:", "@abc", "a/b/c"])
def test_what_is_no_name(name):
    with pytest.raises(BackboneError, match="is not a name on the hub; it has the form ORG/NAME"):
        repo_of(name)


def test_a_path_is_one_that_is_there_or_looks_like_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bert").mkdir()
    assert place_of("bert") == tmp_path / "bert"
    assert place_of("./other") == tmp_path / "other"
    assert place_of("words.txt") == tmp_path / "words.txt"
    assert place_of("some/bert").repo == "some/bert"
