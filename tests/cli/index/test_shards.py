"""harma index split, merge; harma search with several indexes."""

import json
import shutil

import pytest

from harma.cli import main


@pytest.fixture
def years(archive, tmp_path, capsys):
    """The years of the index."""
    assert main(["index", "split", archive, "--by", "year", "--output", str(tmp_path / "y")]) == 0
    said = capsys.readouterr().out
    for year in (2010, 2011, 2012):
        assert f"y/{year}: 4 chips of 1 sources" in said
    assert "search is exact" in said
    return [str(tmp_path / "y" / str(year)) for year in (2010, 2011, 2012)]


def hits_of(capsys, *words):
    assert main(["search", *words, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_shards_are_searched_as_one(archive, years, capsys, tmp_path):
    first, *others = years
    further = ["--index", others[0], "--index", others[1]]
    asked = ["a river", "-k", "7", "--keep-overlapping", "--offset", "1"]
    expected = hits_of(capsys, archive, *asked)
    # Behind or before: the first index and the text stay what they are.
    for words in ([first, *asked, *further], [*further, first, *asked]):
        hits = hits_of(capsys, *words)
        assert [hit["id"] for hit in hits] == [hit["id"] for hit in expected]
        scores = [hit["score"] for hit in expected]
        assert [hit["score"] for hit in hits] == pytest.approx(scores, abs=2e-6)
        assert [hit["standing"] for hit in hits] == [hit["standing"] for hit in expected]
    sheet = tmp_path / "hits.html"
    assert main(["search", first, "a river", *further, "--output", str(sheet)]) == 0
    assert sheet.stat().st_size > 1000
    capsys.readouterr()
    inside = f"{others[1]}/hits.json"
    assert main(["search", first, "a river", *further, "--output", inside]) == 2
    assert "lies inside the index" in capsys.readouterr().err


def test_what_cannot_be_searched_as_one(years, capsys, tmp_path):
    first = years[0]
    assert main(["search", first, "a river", "--index", first]) == 2
    assert "is named twice" in capsys.readouterr().err
    assert main(["search", first, "a river", "--index", str(tmp_path / "gone")]) == 2
    assert "gone is no index" in capsys.readouterr().err


def test_merging(archive, years, capsys, tmp_path):
    shutil.copytree(years[0], tmp_path / "copy")
    output = str(tmp_path / "merged")
    assert main(["index", "merge", *years, str(tmp_path / "copy"), "--output", output]) == 0
    said = capsys.readouterr().out
    assert "merged: 12 chips of 3 sources" in said
    assert "1 sources that several indexes have are in it once" in said
    assert main(["index", "verify", output]) == 0
    assert "0 problems" in capsys.readouterr().out
    # Nothing is embedded again.
    assert main(["index", "add", output, str(tmp_path / "scenes"), "--num-workers", "0"]) == 0
    assert "0 chips added" in capsys.readouterr().out
    assert main(["index", "merge", *years, "--output", output]) == 2
    assert "is there and not empty" in capsys.readouterr().err


def test_splitting_in_other_ways(archive, capsys, tmp_path):
    output = str(tmp_path / "cells")
    words = ["index", "split", archive, "--by", "region", "--degrees", "5", "--no-model"]
    assert main([*words, "--output", output]) == 0
    assert "cells/n45e000: 12 chips of 3 sources" in capsys.readouterr().out
    output = str(tmp_path / "kinds")
    shards = ["--shard", "one=*scene1_*", "--shard", "two=*_2012*"]
    assert main(["index", "split", archive, "--by", "source", *shards, "--output", output]) == 0
    said = capsys.readouterr().out
    assert [name in said for name in ("kinds/one: 4", "kinds/rest: 4", "kinds/two: 4")] == [
        True
    ] * 3


def test_a_source_that_is_not_finished_is_told(archive, capsys, tmp_path):
    from harma.index.store import Store

    store = Store(tmp_path / "archive")
    record = next(iter(store.sources().values()))
    store.drop_chips([record.source])
    output = str(tmp_path / "years")
    assert main(["index", "split", archive, "--by", "year", "--output", output]) == 1
    assert "1 sources were not finished" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--by", "month"], "invalid choice"),
        (["--by", "year", "--degrees", "3"], "--degrees is for --by region"),
        (["--by", "region", "--degrees", "100"], "degrees is 100; give 1 to 90"),
        (["--by", "source"], "needs patterns"),
        (["--by", "source", "--shard", "a"], "is not NAME=PATTERN"),
        (["--by", "source", "--shard", "a=1", "--shard", "a=2"], "have the same name"),
        (["--by", "source", "--shard", "a/b=1"], "is no name of a shard"),
    ],
)
def test_splits_that_are_none(words, said, archive, capsys, tmp_path):
    try:
        status = main(["index", "split", archive, *words, "--output", str(tmp_path / "out")])
    except SystemExit as stopped:
        status = stopped.code
    assert status == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
