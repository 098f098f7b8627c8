"""harma searches save, list, show, delete."""

import json


def test_saved_listed_shown_and_deleted(archive, say, search):
    status, shown = say("list", archive)
    assert (status, shown) == (0, f"{search}  roofs  no marks\n")
    status, shown = say("show", archive, search)
    assert status == 0
    assert 'asked    {"text": "a red roof"}' in shown
    status, shown = say("delete", archive, search)
    assert (status, shown) == (0, "deleted roofs\n")
    status, shown = say("show", archive, search)
    assert status == 2
    assert "no saved search" in shown
    status, shown = say("list", archive)
    assert "`harma searches save INDEX TEXT` saves one" in shown


def test_marks_are_shown_without_folders(archive, say, search, marked, tmp_path):
    status, shown = say("show", archive, search)
    assert status == 0
    assert f"good    {marked[-1]}  20" in shown
    assert "two cranes  (anna)" in shown
    assert str(tmp_path) not in shown
    assert "1 good, 1 bad, 0 unsure" in say("list", archive)[1]


def test_as_json(archive, say, search, marked):
    [row] = json.loads(say("list", archive, "--json")[1])
    assert (row["id"], row["name"], row["marks"]) == (
        search,
        "roofs",
        {"good": 1, "bad": 1, "unsure": 0},
    )
    row = json.loads(say("show", archive, search, "--json")[1])
    assert [feature["id"] for feature in row["marks"]["features"]] == [marked[-1], marked[0]]


def test_a_search_from_a_file(archive, say, tmp_path):
    file = tmp_path / "asked.json"
    vector = [1.0] * 16
    file.write_text(json.dumps({"like": [{"vector": vector}], "k": 3}))
    status, shown = say("save", archive, "--asked", file, "--name", "like that")
    assert status == 0
    status, shown = say("show", archive, shown.split()[0])
    assert 'asked    {"like": [{"vector": "of a picture"}], "k": 3}' in shown


def test_what_cannot_be_saved(archive, say, tmp_path):
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "odd.json").write_text('{"colour": "red"}')
    for words, said in (
        ((), "nothing to look for"),
        (("--asked", tmp_path / "none.json"), "is not there; name a file"),
        (("--asked", tmp_path / "list.json"), "holds no object"),
        (("--asked", tmp_path / "odd.json"), "colour is no field of a search"),
        (("a roof", "--name", " "), "needs a name"),
    ):
        status, shown = say("save", archive, *words)
        assert status == 2
        assert said in shown
    assert "no search is saved" in say("list", archive)[1]


def test_where_there_is_no_index_nothing_is_made(say, tmp_path):
    status, _ = say("list", tmp_path)
    assert status == 2
    assert list(tmp_path.iterdir()) == []


def test_kept_elsewhere(archive, say, search, tmp_path):
    state = tmp_path / "state"
    status, shown = say("save", archive, "a field", "--state", state)
    assert status == 0
    assert shown.split()[0] not in say("list", archive)[1]
    assert "a field" in say("list", archive, "--state", state)[1]
    assert (state / "archive.sqlite").is_file()
