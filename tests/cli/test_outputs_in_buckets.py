"""Files that commands write to buckets: hits, exports and embeddings, as they write them here."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.buckets import bucket, bucket_server  # noqa: F401

from harma.cli import main


@pytest.fixture
def index(write_scenes, build_index, tmp_path):
    write_scenes(tmp_path / "scenes", 1)
    build_index(tmp_path / "scenes")
    return str(tmp_path / "index")


def run(words, capsys):
    status = main(list(map(str, words)))
    return status, capsys.readouterr()


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("hits.geojson", b'{"type": "FeatureCollection"'),
        ("hits.csv", b"rank,"),
        ("sheet.html", b"<!doctype html>"),
        ("sheet.png", b"\x89PNG"),
        ("hits.parquet", b"PAR1"),
    ],
)
def test_hits(name, starts, index, bucket, capsys, tmp_path):  # noqa: F811
    words = ["search", index, "a road", "-k", "3", "--output"]
    status, said = run([*words, f"{bucket.address}/out/{name}"], capsys)
    assert (status, said.out) == (0, f"3 hits written to {bucket.address}/out/{name}\n")
    assert run([*words, tmp_path / name], capsys)[0] == 0
    content = bucket.read(f"out/{name}")
    assert content.lower().startswith(starts.lower())
    if not name.endswith(".parquet"):
        assert content == (tmp_path / name).read_bytes()


def test_an_export(index, bucket, capsys, tmp_path):  # noqa: F811
    status, said = run(["index", "export", index, f"{bucket.address}/all.parquet"], capsys)
    assert status == 0
    assert said.out.startswith(f"{bucket.address}/all.parquet: 9 chips, 0.")
    (tmp_path / "all.parquet").write_bytes(bucket.read("all.parquet"))
    assert pq.read_table(tmp_path / "all.parquet").num_rows == 9


def test_embeddings(model, bucket, capsys, tmp_path):  # noqa: F811
    (tmp_path / "captions.txt").write_text("a road\na lake\n")
    words = ["embed", model[1], "--captions", tmp_path / "captions.txt", "--output"]
    status, said = run([*words, f"{bucket.address}/e.npy"], capsys)
    assert status == 0
    assert f"written to {bucket.address}/e.npy, {bucket.address}/e.npy.json" in said.out
    (tmp_path / "e.npy").write_bytes(bucket.read("e.npy"))
    assert np.load(tmp_path / "e.npy").shape[0] == 2
    assert json.loads(bucket.read("e.npy.json"))["names"] == ["a road", "a lake"]


def test_what_is_refused_at_the_end_leaves_nothing(index, bucket, capsys):  # noqa: F811
    bucket.server.refuses = lambda method, *_: "403 Forbidden" if method == "PUT" else ""
    status, said = run(
        ["search", index, "a road", "--output", f"{bucket.address}/hits.csv"], capsys
    )
    assert status == 2
    assert "does not allow it to these credentials" in said.err
    assert "Traceback" not in said.err
    assert bucket.keys() == []
