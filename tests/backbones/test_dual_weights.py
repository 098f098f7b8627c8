"""Weights of dual encoders: what a stated place stands for."""

import pytest

from harma.backbones.dual_weights import (
    file_of,
    image_weights_of,
    place_of,
    repo_of,
    text_weights_of,
)
from harma.errors import BackboneError, ConfigError, MissingFileError


def test_repositories_with_and_without_a_revision():
    assert repo_of("org/name").repo == "org/name"
    assert repo_of("org/name").revision is None
    revised = repo_of("hf-hub:org/name@v2")
    assert (revised.repo, revised.revision) == ("org/name", "v2")
    for name in ("", "a/b/c", "@v2"):
        with pytest.raises(BackboneError, match="it has the form ORG/NAME"):
            repo_of(name)


def test_a_place_is_a_path_where_it_looks_like_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    assert place_of("there") == tmp_path / "there"
    assert place_of("./gone") == tmp_path / "gone"
    assert place_of("vocab.txt") == tmp_path / "vocab.txt"
    assert place_of("org/name").repo == "org/name"
    assert place_of("bert-base-uncased").repo == "google-bert/bert-base-uncased"


def test_a_file_is_there_or_nothing_is_stated(tmp_path):
    (tmp_path / "w.pt").write_bytes(b"x")
    assert file_of(tmp_path / "w.pt", "weights") == tmp_path / "w.pt"
    assert file_of(None, "weights") is None
    with pytest.raises(ConfigError, match="weights is 7; state pretrained, a file"):
        file_of(7, "weights")
    with pytest.raises(MissingFileError, match="weights: gone.pt is not there"):
        file_of("gone.pt", "weights")


def test_pretrained_means_what_the_library_publishes():
    remote = image_weights_of({"timm": "vit_small_patch16_224", "weights": "pretrained"})
    assert remote.repo.startswith("timm/vit_small_patch16_224")
    with pytest.raises(BackboneError, match="timm has no weights .*none"):
        image_weights_of({"timm": "vit_small_patch16_224.none", "weights": "pretrained"})


def test_the_weights_of_a_text_tower_come_from_where_its_config_does(tmp_path):
    place = repo_of("org/name")
    assert text_weights_of({"weights": "pretrained"}, place) is place
    (tmp_path / "model.safetensors").write_bytes(b"x")
    assert text_weights_of({"weights": "pretrained"}, tmp_path) == tmp_path / "model.safetensors"
    with pytest.raises(ConfigError, match="an own config has none"):
        text_weights_of({"weights": "pretrained"}, None)
    known = text_weights_of({"weights": "bert-base-uncased"}, None)
    assert known.repo == "google-bert/bert-base-uncased"
    assert text_weights_of({}, place) is None
