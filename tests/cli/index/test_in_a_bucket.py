"""The commands of an index in a bucket, one after the other, as people give them."""

import json

import pytest

from harma.cli import main


def test_from_the_build_to_the_export(bucket, model, write_scenes, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = f"{bucket.address}/archive"
    write_scenes(tmp_path / "scenes", 2)
    (tmp_path / "scenes" / "bad.tif").write_bytes(b"no picture")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for file in ("open_clip_config.json", "open_clip_model.safetensors"):
        bucket.write(f"model/{file}", (tmp_path / model[1] / file).read_bytes())
    build = ["index", "build", place, str(tmp_path / "scenes"), "--num-workers", "0"]
    assert main([*build, "--model", f"{bucket.address}/model", "--size", "32"]) == 1
    told = capsys.readouterr().out
    assert f"{place}: 18 chips added" in told
    assert f"1 could not be used (also in {place}/problems.json)" in told
    assert main(["index", "remove", place, "*bad.tif"]) == 0
    assert main(["search", place, "a river", "--format", "json", "-k", "3"]) == 0
    assert len(json.loads(capsys.readouterr().out[len("removed 1 sources with 0 chips\n") :])) == 3
    assert main(["index", "info", place, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == f"{bucket.address}/model"
    years = f"{bucket.address}/years"
    for words in (
        ["index", "verify", place],
        ["index", "optimize", place, "--no-model"],
        ["index", "add", place, str(tmp_path / "scenes" / "*_20*.tif"), "--num-workers", "0"],
        ["index", "split", place, "--by", "year", "--output", years],
        ["index", "export", place, str(tmp_path / "all.parquet")],
        ["search", f"{years}/2010", "a river", "--index", f"{years}/2011"],
    ):
        assert main(words) == 0, words
    assert main(["index", "reembed", place, "--model", model[1], "--tiles", "2"]) == 0
    assert list((tmp_path / "here").iterdir()) == [], "no folder s3: of this machine"


def test_saved_searches_need_another_place(
    bucket, model, build_index, write_scenes, tmp_path, capsys
):
    write_scenes(tmp_path / "scenes", 1)
    place = f"{bucket.address}/archive"
    build_index(tmp_path / "scenes", directory=place)
    assert main(["searches", "list", place]) == 0
    words = ["watch", "add", place, "--text", "a river", "--name", "rivers"]
    assert main(words) == 2
    assert "cannot be kept beside an index in a bucket; name a place" in capsys.readouterr().err
    assert main([*words, "--state", str(tmp_path / "state")]) in (0, 2)


def test_a_single_writer_may_insist(bucket, model, write_scenes, tmp_path, capsys):
    place = f"{bucket.address}/archive"
    write_scenes(tmp_path / "scenes", 1)
    bucket.server.honours = False
    words = ["index", "build", place, str(tmp_path / "scenes"), "--model", model[1], "--size", "32"]
    assert main([*words, "--num-workers", "0"]) == 2
    assert "lets a second conditional put through" in capsys.readouterr().err
    assert main([*words, "--num-workers", "0", "--single-writer"]) == 0
    # Said once, and kept beside the index.
    assert main(["index", "optimize", place, "--no-model"]) == 0


@pytest.mark.parametrize("address", ["s3://nowhere-at-all/archive"])
def test_no_bucket(bucket, address, model, write_scenes, tmp_path, capsys):
    write_scenes(tmp_path / "scenes", 1)
    assert main(["search", address, "a river"]) == 2
    assert "there is no bucket nowhere-at-all" in capsys.readouterr().err
    words = ["index", "build", address, str(tmp_path / "scenes"), "--model", model[1]]
    assert main([*words, "--num-workers", "0"]) == 2
    assert "there is no bucket nowhere-at-all" in capsys.readouterr().err
