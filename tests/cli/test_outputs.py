"""Every option that names a file or folder to write: places that cannot be written are refused.

With status 2, in words, before any work: nothing that the commands need is there.
"""

import argparse
from importlib import import_module
from itertools import product

import pytest
from tests.buckets import bucket, bucket_server  # noqa: F401

from harma.cli import VERBS, main
from harma.cli.argument_types import (
    index_home,
    local_directory,
    output_directory,
    output_file,
    output_place,
)

FILES = [
    ["search", "index", "a road", "--output", "{}.geojson"],
    ["search", "index", "a road", "--output", "{}.html"],
    ["index", "export", "index", "{}.parquet"],
    ["watch", "events", "index", "--output", "{}.geojson"],
    ["searches", "export", "index", "k3vw8r2mhqte", "{}.csv"],
    ["searches", "search", "index", "k3vw8r2mhqte", "--output", "{}.geojson"],
    ["embed", "openai", "--captions", "captions.txt", "--output", "{}.npy"],
    ["explain", "openai", "tile.png", "a road", "--output", "{}.png"],
    ["export", "runs/a", "--output", "{}.pth"],
    ["data", "check", "data.yaml", "--json", "{}.json"],
    ["data", "stats", "data.yaml", "--json", "{}.json"],
    ["data", "stats", "data.yaml", "--picture", "{}.png"],
    ["data", "vocabulary", "data.yaml", "--json", "{}.json"],
    ["data", "vocabulary", "data.yaml", "--text", "{}.txt"],
]
FOLDERS = [
    ["train", "rsitmd_geo", "--data.root", "data", "--output", "{}"],
    ["compare", "methods", "--output", "{}"],
    ["evaluate", "openai", "--data", "ucm", "--root", "data", "--output", "{}"],
    ["evaluate", "index", "--queries", "judged.csv", "--output", "{}"],
    ["export", "runs/a", "--format", "onnx", "--output", "{}"],
    ["import", "x.pth", "--architecture", "ViT-B-32", "--output", "{}"],
    ["demo", "--output", "{}"],
    ["data", "convert", "data.yaml", "--to", "csv", "--output", "{}"],
    ["data", "split", "data.yaml", "--output", "{}"],
    ["data", "audit", "data.yaml", "--output", "{}"],
    ["data", "download", "ucm-images", "--output", "{}"],
    ["data", "scenes", "{}"],
]
# They may lie in a bucket.
INDEXES = [
    ["index", "split", "index", "--by", "year", "--output", "{}"],
    ["index", "merge", "index", "other", "--output", "{}"],
    ["index", "build", "{}", "scenes", "--model", "openai"],
    ["index", "add", "{}", "scenes"],
    ["index", "import", "{}", "x.parquet"],
    ["index", "info", "{}"],
    ["search", "{}", "a road"],
    ["search", "index", "a road", "--index", "{}"],
    ["index", "merge", "index", "{}", "--output", "together"],
    ["watch", "add", "{}", "--text", "a road"],
    ["watch", "run", "{}"],
    ["serve", "{}"],
    ["searches", "list", "{}"],
    ["mcp", "{}"],
]


def status_of(words, capsys):
    try:
        status = main(words)
    except SystemExit as ended:  # argparse's own errors
        status = ended.code
    return status, capsys.readouterr().err


# Single files may go to buckets.
NO_FILES = ["https://example.com/x", "/vsigs/bucket/x", "s3a://bucket/x"]
NO_FOLDERS = ["s3://bucket/x", *NO_FILES]


@pytest.mark.parametrize(
    ("words", "address"),
    [*product(FILES, NO_FILES), *product(FOLDERS, NO_FOLDERS)],
)
def test_addresses(words, address, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, said = status_of([word.format(address) for word in words], capsys)
    assert status == 2
    assert "is an address; HarMA writes to local files and folders" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", FILES, ids=" ".join)
def test_files_of_a_bucket_that_cannot_be_written(words, capsys, tmp_path, monkeypatch, bucket):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    for address, problem in (
        ("s3://no-such-bucket/x", "there is no bucket no-such-bucket"),
        ("s3:///x", "names no bucket"),
    ):
        status, said = status_of([word.format(address) for word in words], capsys)
        assert status == 2
        assert problem in said
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    status, said = status_of([word.format(f"{bucket.address}/x") for word in words], capsys)
    assert status == 2
    assert "there are no credentials for s3://" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", INDEXES, ids=" ".join)
@pytest.mark.parametrize("address", ["https://example.com/x", "/vsigs/bucket/x", "ftp://host/x"])
def test_addresses_that_are_none_of_an_index(words, address, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, said = status_of([word.format(address) for word in words], capsys)
    assert status == 2
    assert "allowed are s3://BUCKET/…, gs://BUCKET/…, az://CONTAINER/… and folders of" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", INDEXES, ids=" ".join)
def test_a_bucket_without_credentials(words, capsys, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SKIP_SIGNATURE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    status, said = status_of([word.format("s3://bucket/x") for word in words], capsys)
    assert status == 2
    # What else is not there, such as the scenes, may be found first.
    missing = ("there are no credentials for s3://bucket/x", "there is no", "is no index")
    assert any(problem in said for problem in (*missing, "is not there"))
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("words", [*FILES, *FOLDERS], ids=" ".join)
def test_below_a_file(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("x")
    status, said = status_of([word.format("there/x") for word in words], capsys)
    assert status == 2
    assert "there is a file, not a folder" in said


@pytest.mark.parametrize("words", FOLDERS, ids=" ".join)
def test_a_file_in_the_place_of_a_folder(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("x")
    status, said = status_of([word.format("there") for word in words], capsys)
    assert status == 2
    assert "is a file; name a directory" in said


@pytest.mark.parametrize("words", FILES, ids=" ".join)
def test_a_folder_in_the_place_of_a_file(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = words[-1].format("there")
    (tmp_path / place).mkdir()
    status, said = status_of([word.format("there") for word in words], capsys)
    assert status == 2
    assert "is a directory; name a file" in said


def actions_of(parser):
    """All options of a parser and of its sub-parsers."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action.choices.values():
                yield from actions_of(choice)
        else:
            yield action


def test_no_option_that_is_written_is_left_out():
    checked = (output_file, output_directory, output_place, local_directory, index_home)
    for module, _ in VERBS.values():
        verb = import_module(f"harma.cli.{module}")
        parser = argparse.ArgumentParser()
        getattr(verb, "add_arguments", lambda parser: None)(parser)
        for action in actions_of(parser):
            words = str(action.help).split()
            is_written = action.dest == "output" or {"write", "draw"} & set(words)
            if is_written and action.nargs != 0 and not action.choices:
                assert action.type in checked, (module, action.option_strings or action.dest)


def test_an_index_below_a_file_is_refused_before_the_model_is_looked_for(capsys, tmp_path):
    (tmp_path / "there").write_text("x")
    for place in ("there", "there/index"):
        words = ["index", "build", str(tmp_path / place), str(tmp_path / "no"), "--model", "no"]
        status, said = status_of(words, capsys)
        assert status == 2
        assert "is a file" in said
