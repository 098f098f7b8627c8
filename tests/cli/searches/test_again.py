"""harma searches search."""

import json
from pathlib import Path


def ids(file):
    return [feature["id"] for feature in json.loads(file.read_text())["features"]]


def test_searched_again_with_the_marks(archive, say, search, marked, tmp_path):
    from harma.index.ask import Chip
    from harma.index.index import Index

    file = tmp_path / "hits.geojson"
    status, shown = say("search", archive, search, "-k", "12", "--output", file)
    assert (status, shown) == (0, f"12 hits written to {file}\n")
    like, unlike = [Chip(marked[-1])], [Chip(marked[0])]
    index = Index.open(archive)
    hits = index.search("a red roof", like=like, unlike=unlike, k=12)
    assert ids(file) == [hit.id for hit in hits]


def test_a_table(archive, say, search):
    status, shown = say("search", archive, search, "-k", "3")
    assert status == 0
    assert shown.count("chip:") == 3


def test_marks_that_are_gone_are_told(archive, say, search, marked):
    from harma.index.index import Index

    Index.remove(archive, ["*scene0*"])
    Index.remove(archive, ["*scene1*"])
    status, shown = say("search", archive, search)
    assert status == 0
    assert "marks are left out" in shown or "scene2" in shown


def test_files_of_every_form(archive, say, search, tmp_path):
    for suffix in ("csv", "parquet"):
        status, _ = say("search", archive, search, "--output", tmp_path / f"hits.{suffix}")
        assert status == 0
    status, shown = say("search", archive, search, "--output", tmp_path / "hits.xyz")
    assert status == 2
    status, shown = say("search", archive, search, "--output", Path(archive) / "hits.csv")
    assert "lies inside the index" in shown
