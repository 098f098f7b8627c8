"""harma watch run, and the watches that run after a build."""

import harma.cli.watch.running
import harma.model.saved
from harma.cli.watch.running import DATABASE_FILE
from harma.searches import database
from harma.searches.book import SearchBook
from harma.searches.watches import WatchBook


def test_new_scenes_are_looked_at_once(archive, say, watch_all, write_scenes, tmp_path):
    assert say("watch", "run", archive) == (0, "a red roof: 0 new in 0 scenes looked at\n")
    write_scenes(tmp_path / "scenes", 2, first=3)
    add = ("index", "add", archive, tmp_path / "scenes", "--num-workers", "0")
    status, shown = say(*add, "--no-watches")
    assert status == 0
    assert "red roof" not in shown
    assert say("watch", "run", archive) == (0, "a red roof: 8 new in 2 scenes looked at\n")
    assert say("watch", "run", archive) == (0, "a red roof: 0 new in 0 scenes looked at\n")


def test_watches_run_after_a_build_with_the_model_that_is_loaded(
    archive, say, watch_all, write_scenes, tmp_path, monkeypatch
):
    write_scenes(tmp_path / "scenes", 1, first=3)
    loads = []
    load = harma.model.saved.load
    counted = lambda *args, **options: loads.append(args) or load(*args, **options)  # noqa: E731
    monkeypatch.setattr(harma.model.saved, "load", counted)
    for verb in ("add", "build"):
        status, shown = say("index", verb, archive, tmp_path / "scenes", "--num-workers", "0")
        assert status == 0
        new = 4 if verb == "add" else 0
        assert f"a red roof: {new} new in {new // 4} scene" in shown
    assert len(loads) == 2


def test_a_watch_that_cannot_be_run_does_not_fail_the_build(
    archive, say, watch_all, write_scenes, tmp_path
):
    (tmp_path / "archive" / DATABASE_FILE).write_bytes(b"no database at all " * 100)
    write_scenes(tmp_path / "scenes", 1, first=3)
    status, shown = say("index", "add", archive, tmp_path / "scenes", "--num-workers", "0")
    assert status == 0
    assert "4 chips added" in shown
    assert "its watches could not be run" in shown
    assert say("watch", "run", archive)[0] == 2


def test_an_index_that_nobody_watches(archive, say):
    status, shown = say("watch", "run", archive)
    assert (status, "nothing is watched" in shown) == (0, True)


def test_a_watch_that_cannot_be_run_is_a_status_of_one(archive, say, watch_all, monkeypatch):
    with SearchBook.open(archive) as book:
        book.change(watch_all, asked={"text": "a roof", "source": "0123456789abcdef"})
        watches = WatchBook(book.database)
        status, shown = say("watch", "run", archive)
        assert status == 1
        assert "not in the index any more" in shown
        assert "not in the index any more" in watches.get(watch_all).last_problem


def test_the_file_of_saved_searches_is_called_the_same_here():
    assert DATABASE_FILE == database.DATABASE_FILE
