"""Models in a bucket: fetched once for each state of it, safe files alone."""

from pathlib import Path

import pytest
import torch

from harma.errors import MissingFileError
from harma.model.fetched import brought_here, fetched_model
from harma.model.saved import describe, load


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def upload(bucket, folder, key):
    for file in Path(folder).rglob("*"):
        if file.is_file():
            bucket.upload(file, f"{key}/{file.relative_to(folder)}")


def test_a_model_is_loaded_and_fetched_once(bucket, model):
    upload(bucket, model[1], "runs/a")
    address = f"{bucket.address}/runs/a"
    loaded = load(address)
    text = loaded.tokenize(["a road"])
    assert torch.equal(loaded.encode_text(text), model[0].encode_text(text))
    bucket.server.reset()
    load(address)
    assert bucket.server.requests == {"GET": 1}, "one listing says that all is there"
    assert describe(address)["kind"] == describe(model[1])["kind"]


def test_what_has_changed_is_fetched_again(bucket, model):
    upload(bucket, model[1], "m")
    first = fetched_model(f"{bucket.address}/m")
    bucket.write("m/README.md", b"another card")
    second = fetched_model(f"{bucket.address}/m")
    assert second != first
    assert (second / "README.md").read_bytes() == b"another card"
    assert first.is_dir(), "another process may read it"


def test_of_a_run_the_best_model(bucket, model):
    upload(bucket, model[1], "run/best")
    bucket.write("run/last/state.pt", b"x")
    bucket.write("run/recipe.yaml", b"x: 1")
    folder = fetched_model(f"{bucket.address}/run/")
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in Path(model[1]).iterdir()}


def test_files_that_may_hold_code_stay_where_they_are(bucket, model):
    upload(bucket, model[1], "m")
    for name in ("evil.py", "weights.pt", "pytorch_model.bin", "x.pkl", "sub/__init__.py"):
        bucket.write(f"m/{name}", b"import os")
    folder = fetched_model(f"{bucket.address}/m")
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {
        ".json",
        ".safetensors",
        ".md",
    }


def test_what_is_no_model(bucket):
    bucket.write("m/readme.txt", b"x")
    with pytest.raises(MissingFileError, match=r"nothing to load in s3://.*/m: it is no run"):
        load(f"{bucket.address}/m")
    with pytest.raises(MissingFileError, match="there is no bucket nowhere-at-all"):
        load("s3://nowhere-at-all/m")


def test_an_interrupted_download_leaves_nothing(bucket, model, monkeypatch):
    upload(bucket, model[1], "m")
    monkeypatch.setattr(
        "harma.model.fetched.fetch_object", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        fetched_model(f"{bucket.address}/m")
    monkeypatch.undo()


def test_names_of_this_machine_stay(tmp_path):
    assert brought_here("openai") == "openai"
    assert brought_here(tmp_path) == tmp_path
