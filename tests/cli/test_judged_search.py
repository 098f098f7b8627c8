"""harma evaluate INDEX --queries: from a file of judgments to tables and files."""

import json
from pathlib import Path

import pytest

from harma.cli import main
from harma.index.index import Index
from harma.index.split import Sharding, split_index


@pytest.fixture
def archive(write_scenes, build_index, tmp_path, monkeypatch):
    """An index of three scenes with 27 chips, in the folder where the command runs."""
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    monkeypatch.chdir(tmp_path)
    return "index"


@pytest.fixture
def judged(archive):
    """Judgments of two queries by scene."""
    Path("judged.csv").write_text(
        "query,source,relevance\na river,scene0_20100601.tif,1\na river,scene1_20110601.tif,0\n"
        "a forest,scene2_20120601.tif,2\n"
    )
    return "judged.csv"


def test_figures_are_shown_and_written(archive, judged, capsys):
    assert main(["evaluate", archive, "--queries", judged, "--output", "out"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "queries: 2, 2 of them expanded; judgments by source: 3; to rank 1,000, exact." in said
    assert "mAP" in said
    assert "figures, run and judgments written to out" in said
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "qrels.trec",
        "run.trec",
        "search.json",
        "search.svg",
    ]
    values = json.loads(Path("out/search.json").read_text())
    assert values["settings"]["by"] == "source"
    assert values["queries"][0]["ranked"] == 3


def test_what_was_left_is_compared_with_and_judges_again(archive, judged, capsys):
    assert main(["evaluate", archive, "--queries", judged, "--output", "out"]) == 0
    options = ["--queries", judged, "--against", "out", "--depth", "1", "--approximate"]
    assert main(["evaluate", archive, *options]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "to rank 1, by the ANN index." in said
    assert "difference" in said
    Path("topics.tsv").write_text("a river\ta river\na forest\ta forest\n")
    options = ["--queries", "out/qrels.trec", "--topics", "topics.tsv", "--output", "again"]
    assert main(["evaluate", archive, *options]) == 0
    first = json.loads(Path("out/search.json").read_text())
    again = json.loads(Path("again/search.json").read_text())
    assert again["figures"] == first["figures"]
    assert Path("again/run.trec").read_text() == Path("out/run.trec").read_text()


def test_filters_model_and_device_are_those_of_a_search(archive, judged, model, capsys):
    options = ["--queries", judged, "--since", "2010", "--until", "2010", "--output", "out"]
    options += ["--model", model[1], "--device", "cpu"]
    assert main(["evaluate", archive, *options]) == 0
    values = json.loads(Path("out/search.json").read_text())
    assert [query["ranked"] for query in values["queries"]] == [1, 1]
    assert [query["figures"]["AP"] for query in values["queries"]] == [1, 0]


def test_expansion_is_told_and_can_be_off(archive, judged):
    expanded = {}
    for expand in ("auto", "off"):
        options = ["--queries", judged, "--expand", expand, "--output", expand]
        assert main(["evaluate", archive, *options]) == 0
        query = json.loads(Path(expand, "search.json").read_text())["queries"][0]
        assert query["expand"] == expand
        expanded[expand] = query["expanded"]
    assert expanded["off"] == []
    assert [expansion["text"] for expansion in expanded["auto"]] == ["a river"]


def test_queries_may_be_composed(archive, capsys):
    chip = Index.open(archive).search("a river", k=1)[0]
    Path("judged.csv").write_text(
        "id;query;unlike;image;before;after;chip\n"
        f"rivers;a river;a road;scenes/scene1_20110601.tif;;;{chip.id}\n"
        f"new;a river;;;2010;2011;{chip.id}\n"
    )
    assert main(["evaluate", archive, "--queries", "judged.csv", "--output", "out"]) == 0
    values = json.loads(Path("out/search.json").read_text())
    assert [query["id"] for query in values["queries"]] == ["rivers", "new"]
    assert values["queries"][0]["ranked"] == 27


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["index"],
            "index is an index, whose search is measured on judgments: give --queries FILE",
        ),
        (["openai", "--queries", "judged.csv"], "openai is no index (there is no index.json)"),
        (["scenes", "--queries", "judged.csv"], "scenes is no index (there is no index.json)"),
        (
            ["index", "--queries", "judged.csv", "--data", "ucm", "--report"],
            "--data, --report: only for models on data sets; leave it out",
        ),
        (
            ["openai", "--data", "ucm", "--depth", "5", "--bbox", "1,2,3,4", "--radius", "2"],
            "--depth, --bbox, --radius: only for the search of an index; leave it out",
        ),
        (
            ["index", "--queries", "judged.csv", "--against", "none"],
            "none is not there; name a directory that `harma evaluate INDEX",
        ),
        (
            ["index", "--queries", "judged.csv", "--output", "index/out"],
            "index/out lies inside the index; write it elsewhere",
        ),
        (["index", "--queries", "none.csv"], "the queries none.csv is not there; name a file"),
        (["index", "--queries", "judged.csv", "--depth", "200000"], "the depth is 200000"),
        (
            ["index", "--queries", "judged.csv", "--where", "colour = 1"],
            "query 'a river': the condition '(colour = 1)' cannot be used",
        ),
    ],
)
def test_what_does_not_fit_is_named(words, message, archive, judged, capsys):
    assert main(["evaluate", *words]) == 2
    assert message in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_flag_of_no_file_is_refused(archive, judged, capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", archive, "--queries", "s3://bucket/judged.csv"])
    assert "is an address" in capsys.readouterr().err


def test_several_indexes_are_measured_as_one(archive, judged, capsys):
    split_index(
        Path(archive),
        Path("shards"),
        Sharding("source", patterns={"later": "*scene2_*", "first": "*"}),
    )
    several = ["evaluate", "shards/first", "--index", "shards/later", "--queries", judged]
    assert main([*several, "--output", "of_several"]) == 0
    assert main(["evaluate", archive, "--queries", judged, "--output", "of_one"]) == 0
    figures = [
        json.loads(Path(name, "search.json").read_text())["figures"]
        for name in ("of_several", "of_one")
    ]
    assert figures[0] == figures[1]
    capsys.readouterr()
    assert main([*several, "--output", "shards/later/out"]) == 2
    assert "lies inside the index" in capsys.readouterr().err
    assert main(["evaluate", "model", "--index", archive]) == 2
    assert "--index: only for the search of an index" in capsys.readouterr().err
