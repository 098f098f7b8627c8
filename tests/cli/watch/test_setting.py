"""harma watch add, list, remove."""

import json

import pytest

from harma.index.index import Index
from harma.index.source_ids import source_id
from harma.searches.book import SearchBook


def test_a_text_is_saved_and_watched(archive, say):
    status, shown = say("watch", "add", archive, "--text", "a red roof", "--least-score", "0.3")
    assert status == 0
    assert "a red roof: what is there now is known; from now on new hits are told" in shown
    search = shown.split()[0]
    status, shown = say("watch", "list", archive)
    assert status == 0
    assert shown.startswith(f"{search}  a red roof  score 0.3 or higher, 0 events, last run 20")
    listed = json.loads(say("watch", "list", archive, "--json")[1])
    assert listed[0]["asked"] == {"text": "a red roof"}
    assert listed[0]["watch"]["least_score"] == 0.3


def test_a_saved_search_is_watched_by_its_id(archive, say):
    with SearchBook.open(archive) as searches:
        search = searches.create("roofs", {"text": "a roof"}).id
    assert f"{search}  roofs  (not watched)" in say("watch", "list", archive)[1]
    status, shown = say("watch", "add", archive, search, "--standing", "clear")
    assert status == 0
    assert "standing clear or better" in say("watch", "list", archive)[1]
    # Twelve chips are too few for standings, and that is said.
    assert "too small" in shown


def test_everything_of_a_search_can_be_said_in_json(archive, say, tmp_path):
    file = tmp_path / "asked.json"
    source = next(map(source_id, Index.open(archive).store.sources()))
    file.write_text(json.dumps({"text": "a roof", "date": ["2010", None], "source": source}))
    words = ("watch", "add", archive, "--asked", file, "--name", "roofs", "--least-score", "0")
    assert say(*words, "--bbox", "3,45,4,46")[0] == 0
    listed = json.loads(say("watch", "list", archive, "--json")[1])
    assert listed[0]["asked"] == {
        "text": "a roof",
        "date": ["2010", None],
        "source": source,
        "bbox": [3.0, 45.0, 4.0, 46.0],
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to watch is named"),
        (["nosuchsearch"], "there is no saved search"),
        (["--text", "a roof", "--least-score", "7"], "scores and gains are from -2 to 2"),
        (["--text", "a roof", "--before", "2010"], "give both"),
        (["--asked", "missing.json"], "missing.json is not there"),
    ],
)
def test_what_cannot_be_watched_is_said_and_nothing_stays(archive, say, words, said):
    status, shown = say("watch", "add", archive, *words)
    assert status == 2
    assert said in shown
    assert "no search is saved" in say("watch", "list", archive)[1]


def test_no_database_is_made_where_there_is_no_index(tmp_path, say):
    status, shown = say("watch", "list", tmp_path)
    assert status == 2
    assert "is no index" in shown
    assert list(tmp_path.iterdir()) == []


def test_a_watch_is_removed_and_its_search_stays(archive, say, watch_all):
    status, shown = say("watch", "remove", archive, watch_all)
    assert (status, "watched no more" in shown) == (0, True)
    assert "(not watched)" in say("watch", "list", archive)[1]
    assert say("watch", "remove", archive, watch_all)[0] == 2
