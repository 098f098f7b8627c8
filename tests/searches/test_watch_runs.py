"""What runs keep: all of it or nothing, once, however many run and are killed."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.searches.watched import Watched

import harma.searches.watching
from harma.errors import BusyError, NotFoundError
from harma.searches import watch_runs
from harma.searches.database import open_postgres
from harma.searches.tables import EVENTS
from harma.searches.watch_runs import begin_run, event_id, note_problem, seen_places

ROOT = Path(__file__).parents[2]
# Point → whether the events are kept then.
POINTS = {
    "before it looks": False,
    "before it keeps": False,
    "after the scenes": False,
    "after the places": False,
    "after the events": False,
    "before it is committed": False,
    "when it is kept": True,
}


def kept(watched):
    """The chips of all events that are kept."""
    with watched.book.database.reading() as connection:
        return sorted(connection.execute(select(EVENTS.c.chip)).scalars())


def run_as_process(watched, point):
    command = [sys.executable, "-m", "tests.searches.killed_run", str(watched.directory)]
    command += [watched.ids["s1"], point]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_run_loses_nothing_and_doubles_nothing(watched, point):
    watched.watch()
    watched.add("c", [0.7, 0.3, 0.6], day=2)
    assert run_as_process(watched, point).returncode == -9
    assert len(kept(watched)) == (2 if POINTS[point] else 0)
    run = watched.run()
    assert len(run.events) == (0 if POINTS[point] else 2)
    assert kept(watched) == ["c|c|0", "c|c|2"]
    assert watched.run().events == ()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def kept_in(request, tmp_path):
    """An index with a scene, whose watches are kept in either database."""
    database = None
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres").new_database("watched")
        database = open_postgres(address)
    made = Watched(tmp_path / "kept_in", database)
    made.add("/scenes/a.tif", [0.9, 0.1, 0.8, 0.2], day=1)
    yield made
    made.book.close()


def test_what_comes_goes_and_comes_back_in_either_database(kept_in):
    kept_in.watch()
    kept_in.add("c", [0.7, 0.3, 0.6], day=2)
    assert len(kept_in.run().events) == 2
    kept_in.remove("c")
    assert kept_in.run().events == ()
    kept_in.add("c", [0.7, 0.3, 0.6], day=2)
    assert kept_in.run().events == ()
    kept_in.change("c", [0.7, 0.9, 0.6], content="new", day=2)
    assert [event.chip for event in kept_in.run().events] == ["c|new|1"]
    kept_in.move("/scenes/a.tif", "/elsewhere/a.tif", [0.9, 0.1, 0.8, 0.2], day=1)
    assert kept_in.run().events == ()
    assert kept(kept_in) == ["c|c|0", "c|c|2", "c|new|1"]
    kept_in.book.delete(kept_in.ids["s1"])
    assert kept(kept_in) == []


def test_two_runs_at_once_keep_each_event_once(kept_in, monkeypatch):
    watched = kept_in
    watched.watch()
    watched.add("c", [0.7, 0.3, 0.6], day=2)
    together = threading.Barrier(2)
    keep = watch_runs.keep_run
    tries = []

    def at_once(*args):
        tries.append(1)
        # Both have looked at the same state before either keeps anything.
        if len(tries) <= 2:
            together.wait(timeout=30)
        return keep(*args)

    monkeypatch.setattr(harma.searches.watching, "keep_run", at_once)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(len(watched.run().events))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 2]
    assert kept(watched) == ["c|c|0", "c|c|2"]


def test_a_run_that_others_always_outrun_says_so(watched, monkeypatch):
    watched.watch()
    monkeypatch.setattr(harma.searches.watching, "keep_run", lambda *_: None)
    with pytest.raises(BusyError, match="quicker"):
        watched.run()


def test_a_run_of_a_watch_that_was_deleted_meanwhile_keeps_nothing(watched, monkeypatch):
    watched.watch()
    watched.add("c", [0.7], day=2)
    keep = watch_runs.keep_run

    def deleted(*args):
        watched.watches.delete(watched.ids["s1"])
        return keep(*args)

    monkeypatch.setattr(harma.searches.watching, "keep_run", deleted)
    with pytest.raises(NotFoundError, match="no watch"):
        watched.run()
    assert kept(watched) == []


def test_a_run_keeps_places_and_scenes(watched):
    watched.watch()
    state = begin_run(watched.book.database, watched.ids["s1"])
    assert (state.runs, len(state.looked)) == (1, 2)
    places = seen_places(watched.book.database, state)
    assert [(place.source, place.column) for place in places] == [
        ("/scenes/a.tif", 0),
        ("/scenes/a.tif", 18),
    ]
    assert places[0].taken.day == 1


def test_what_could_not_be_told_stays_a_problem(watched):
    watched.watch()
    note_problem(watched.book.database, watched.ids["s1"], "nobody answers")
    assert watched.get().last_problem == "nobody answers"
    # A run without a problem of its own has told nobody.
    watched.run()
    assert watched.get().last_problem == ""


def test_an_event_has_one_id_whoever_finds_it():
    assert event_id("s", "c", "x") == event_id("s", "c", "x")
    assert len({event_id("s", "c", "x"), event_id("s", "c", "y"), event_id("t", "c", "x")}) == 3
