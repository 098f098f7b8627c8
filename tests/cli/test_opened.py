"""Several indexes as one for `harma searches` and `harma watch`: one book, under a group's name."""

from pathlib import Path

import pytest

from harma.cli import main
from harma.index.index import Index
from harma.index.split import Sharding, split_index
from harma.searches.database import DATABASE_FILE


@pytest.fixture
def several(write_scenes, build_index, tmp_path, monkeypatch):
    """Flags that name two indexes as one: of two scenes with 18 chips, and of one with 9."""
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    monkeypatch.chdir(tmp_path)
    patterns = {"later": "*scene2_*", "first": "*"}
    split_index(Path("index"), Path("shards"), Sharding("source", patterns=patterns))
    return "shards/first", "--index", "shards/later", "--group", "world"


@pytest.fixture
def say(capsys):
    """Give a command; its status, and what it printed."""

    def given(*words):
        try:
            status = main(list(words))
        except SystemExit as ended:
            status = ended.code
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    return given


def test_saved_searches(several, say):
    first, *others = several
    status, shown = say("searches", "save", first, "a red roof", *others)
    assert status == 0, shown
    search = shown.split()[0]
    assert Path("shards/first/searches-world.sqlite").is_file()
    assert not Path("shards/first", DATABASE_FILE).exists()
    assert search in say("searches", "list", *several)[1]
    assert "no search is saved" in say("searches", "list", first)[1]
    chips = {}
    for directory in ("shards/first", "shards/later"):
        chips[directory] = Index.open(directory).search("a red roof", k=1)[0].id
    rows = "\n".join(f"{chip},good" for chip in chips.values())
    Path("marks.csv").write_text(f"chip,mark\n{rows}\n")
    status, shown = say("searches", "import", first, search, "marks.csv", *others)
    assert (status, shown) == (0, "2 marks set\n")
    status, shown = say("searches", "show", first, search, *others)
    assert all(chip in shown for chip in chips.values())
    status, shown = say("searches", "search", first, search, *others, "-k", "27")
    assert status == 0
    assert "left out" not in shown
    assert say("searches", "export", first, search, "out.csv", *others)[0] == 0
    assert say("searches", "export", first, search, "shards/later/out.csv", *others)[0] == 2
    assert say("searches", "delete", first, search, *others)[0] == 0


def test_watches(several, say, write_scenes, build_index):
    first, *others = several
    text = ("--text", "a red roof", "--least-score", "-1")
    status, shown = say("watch", "add", *several, *text)
    assert status == 0, shown
    search = shown.split()[0]
    write_scenes(Path("further"), 1, first=5)
    build_index("further", directory=Path("shards/later").absolute())
    told = (0, "a red roof: 9 new in 1 scene looked at\n")
    assert say("watch", "run", *several) == told
    assert say("watch", "run", *several)[1] == "a red roof: 0 new in 0 scenes looked at\n"
    assert say("watch", "events", first, search, *others)[1].count("scene5") == 9
    assert "9 events" in say("watch", "list", *several)[1]
    assert say("watch", "run", "index", first, *others)[0] == 2
    assert "nothing is watched" in say("watch", "run", "index", "shards/later")[1]
    assert say("watch", "remove", first, search, *others)[0] == 0
    assert say("watch", "run", *several)[1] == "world: nothing is watched\n"


def test_another_place(several, say):
    """As `harma serve` has it: a file of the group's name."""
    assert say("searches", "save", *several[:1], "a roof", *several[1:], "--state", "kept")[0] == 0
    assert [path.name for path in Path("kept").glob("*.sqlite")] == ["world.sqlite"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--index", "shards/later"], "give --group NAME"),
        (["--group", "world"], "name them with --index"),
        (["--index", "shards/later", "--group", "a/b"], "no name of a group of indexes"),
        (["--index", "shards/first", "--group", "world"], "is named twice"),
        (["--index", "nowhere", "--group", "world"], "nowhere is no index"),
    ],
)
def test_what_is_not_usable(several, say, flags, said):
    status, shown = say("searches", "save", "shards/first", "a roof", *flags)
    assert status == 2
    assert said in shown
    assert not list(Path("shards").glob("*/*.sqlite"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 300 + "]" * 300, "asked.json: it is not JSON that is read here"),
        ("[" * 100_000, "asked.json: it is not JSON that is read here"),
        ('{"text": "a", "text": "b"}', "asked.json: it gives 'text' twice"),
        ('{"k": %s}' % ("9" * 5000), "asked.json: a whole number in it has 5,000 digits"),
        ("[1]", "asked.json holds no object"),
        (None, "asked.json is not there; name a file of JSON"),
    ],
)
def test_searches_of_a_file_that_are_none(several, say, text, said):
    if text is not None:
        Path("asked.json").write_text(text)
    for verb in (["searches", "save"], ["watch", "add"]):
        status, shown = say(*verb, "shards/first", "--asked", "asked.json")
        assert status == 2
        assert said in shown


@pytest.mark.parametrize("place", ["\udcff", "a\0b"])
def test_places_of_saved_searches_that_have_no_name(several, capsys, place):
    with pytest.raises(SystemExit):
        main(["searches", "list", "shards/first", "--state", place])
    assert "error:" in capsys.readouterr().err
