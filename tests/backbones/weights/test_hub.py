import os
import subprocess
import sys

import pytest
import torch

from harma.backbones import load_backbone
from harma.backbones.weights.hub import find_file, hub_repo
from harma.errors import ConfigError, MissingFileError

LOAD = "import sys, harma.backbones as b; b.load_backbone(sys.argv[1], allow_download=True)"


@pytest.fixture
def published(hub, backbone):
    """A model on the hub, as `org/tiny`."""
    backbone.save(hub.root / "org" / "tiny")
    return backbone


def test_nothing_is_downloaded_unasked(hub, published):
    with pytest.raises(MissingFileError) as error:
        load_backbone("hf-hub:org/tiny")
    assert (
        str(error.value)
        == "the config of hf-hub:org/tiny: open_clip_config.json of org/tiny (size not known,"
        " licence: see https://huggingface.co/org/tiny) is not on this machine. Allow the"
        " download (`--download true` on the command line, `download: true` in a recipe,"
        " `allow_download=True` in Python), or get it from https://huggingface.co/org/tiny"
    )
    assert hub.requests == []


def test_download_when_asked_then_from_the_cache(hub, published, pixels, caplog):
    backbone = load_backbone("hf-hub:org/tiny", allow_download=True)
    assert backbone.weights_hash() == published.weights_hash()
    assert torch.equal(backbone.encode_image(pixels), published.encode_image(pixels))
    assert backbone.name == backbone.reference == "hf-hub:org/tiny"
    assert (
        "downloading the weights of hf-hub:org/tiny: open_clip_model.safetensors of org/tiny"
        in caplog.text
    )
    assert "licence: see https://huggingface.co/org/tiny" in caplog.text
    assert hub.url in caplog.text
    hub.requests.clear()
    assert load_backbone("hf-hub:org/tiny").weights_hash() == published.weights_hash()
    assert hub.requests == []


def test_revision(hub, published):
    load_backbone("hf-hub:org/tiny@v2", allow_download=True)
    assert all("/resolve/v2/" in request for request in hub.requests)
    assert load_backbone("hf-hub:org/tiny@v2").weights_hash() == published.weights_hash()
    with pytest.raises(
        MissingFileError, match="the config of hf-hub:org/tiny: .* is not on this machine"
    ):
        load_backbone("hf-hub:org/tiny")


def test_older_repositories_hold_pickles(hub, published):
    (hub.root / "org/tiny/open_clip_model.safetensors").unlink()
    torch.save(published.weights(), hub.root / "org/tiny/open_clip_pytorch_model.bin")
    assert (
        load_backbone("hf-hub:org/tiny", allow_download=True).weights_hash()
        == published.weights_hash()
    )


def test_preset_from_the_hub(hub, published, config, monkeypatch, caplog):
    monkeypatch.setattr("harma.backbones.source_kinds.find_architecture", lambda name: config)
    path = hub.root / "Zilun/GeoRSCLIP/ckpt/RS5M_ViT-B-32_RET-2.pt"
    path.parent.mkdir(parents=True)
    torch.save(published.weights(), path)
    with pytest.raises(MissingFileError) as error:
        load_backbone("georsclip-ret2")
    assert (
        str(error.value)
        == "the weights of georsclip-ret2: ckpt/RS5M_ViT-B-32_RET-2.pt of Zilun/GeoRSCLIP (size not"
        " known, licence: code MIT; for the weights see the page) is not on this machine. Allow"
        " the download (`--download true` on the command line, `download: true` in a recipe,"
        " `allow_download=True` in Python), or get it from"
        " https://huggingface.co/Zilun/GeoRSCLIP and name it:"
        " georsclip-ret2:/path/to/RS5M_ViT-B-32_RET-2.pt"
    )
    assert (
        load_backbone("georsclip-ret2", allow_download=True).weights_hash()
        == published.weights_hash()
    )
    assert "licence: code MIT" in caplog.text


def test_preset_that_a_person_has_to_fetch(hub):
    with pytest.raises(
        MissingFileError, match=r"the weights of skyclip: .*epoch_20.pt .*licence: MIT\) cannot be"
    ) as error:
        load_backbone("skyclip", allow_download=True)
    assert "name it: skyclip:/path/to/epoch_20.pt" in str(error.value)
    assert hub.requests == []


def test_offline_is_honoured(hub, published, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        MissingFileError,
        match="is not on this machine and HF_HUB_OFFLINE is set; unset it, or get it",
    ):
        load_backbone("hf-hub:org/tiny", allow_download=True)
    assert hub.requests == []


def test_repository_that_does_not_exist(hub):
    with pytest.raises(
        MissingFileError,
        match="the config of hf-hub:org/none cannot be downloaded .*get it from https",
    ):
        load_backbone("hf-hub:org/none", allow_download=True)


def test_repository_of_another_kind(hub):
    (hub.root / "org/other").mkdir(parents=True)
    with pytest.raises(
        MissingFileError, match="org/other holds none of open_clip_config.json; see https://hugging"
    ):
        load_backbone("hf-hub:org/other", allow_download=True)
    (hub.root / "org/other/open_clip_config.json").write_text("{}")
    with pytest.raises(
        ConfigError, match="hf-hub:org/other has no embed_dim, vision_cfg, text_cfg"
    ):
        load_backbone("hf-hub:org/other", allow_download=True)


def test_hub_that_cannot_be_reached(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        "http://127.0.0.1:9/{repo_id}/{revision}/{filename}",
    )
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # before its next try
    with pytest.raises(
        MissingFileError, match=r"http://127.0.0.1:9 cannot be reached \(.*\); get it from"
    ):
        load_backbone("hf-hub:org/tiny", allow_download=True)


@pytest.mark.slow
def test_environment_variables_are_honoured(hub, published, tmp_path):
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.url}
    subprocess.run([sys.executable, "-c", LOAD, "hf-hub:org/tiny"], env=environment, check=True)
    assert any("open_clip_model.safetensors" in request for request in hub.requests)
    assert list((tmp_path / "home").rglob("open_clip_model.safetensors"))


def test_the_preferred_name_comes_first_in_the_cache_too(hub):
    (hub.root / "org" / "tiny").mkdir(parents=True)
    for name in ("a.txt", "b.txt"):
        (hub.root / "org" / "tiny" / name).write_text(name)
        find_file(hub_repo("org/tiny", (name,)), "the file", allow_download=True)
    for names in (("a.txt", "b.txt"), ("b.txt", "a.txt"), ("none.txt", "b.txt")):
        path = find_file(hub_repo("org/tiny", names), "the file", allow_download=False)
        assert path.read_text() == next(name for name in names if name != "none.txt")


def test_of_several_names_the_preferred_one_is_downloaded(hub):
    (hub.root / "org" / "two").mkdir(parents=True)
    for name in ("a.txt", "b.txt"):
        (hub.root / "org" / "two" / name).write_text(name)
    remote = hub_repo("org/two", ("none.txt", "b.txt", "a.txt"))
    assert find_file(remote, "the file", allow_download=True).read_text() == "b.txt"
    with pytest.raises(MissingFileError, match="the file: org/two holds none of x.txt, y.txt; see"):
        find_file(hub_repo("org/two", ("x.txt", "y.txt")), "the file", allow_download=True)


@pytest.mark.parametrize("repo", ["\u202e", "a b", "../x", "-", "a/b/c", "x" * 200, "a\\b"])
def test_what_is_no_name_of_a_repository(repo):
    remote = hub_repo(repo, ("a.bin",), None)
    with pytest.raises(MissingFileError, match="no name of a repository of Hugging Face"):
        find_file(remote, "the weights", allow_download=False)
