"""Runs of watches: each event exactly once, whatever comes, goes, changes or is killed."""

import pytest
from tests.searches.watched import ASKED, chips

from harma.errors import DataError, NotFoundError, QueryError
from harma.index.index import Index
from harma.searches import watching
from harma.searches.records import Mark
from harma.searches.watching import run_watches


def test_the_first_run_notes_what_is_there(watched):
    run = watched.watch()
    assert run.is_first
    assert run.events == ()
    assert run.num_scenes == 0
    assert watched.run().told == "harbours: 0 new in 0 scenes looked at"


def test_a_new_scene_is_told_once(watched):
    watched.watch()
    watched.add("/scenes/c.tif", [0.7, 0.3, 0.6], day=2)
    run = watched.run()
    assert chips(run) == ["/scenes/c.tif|/scenes/c.tif|0", "/scenes/c.tif|/scenes/c.tif|2"]
    assert run.told == "harbours: 2 new in 1 scene looked at"
    first = run.events[0]
    assert (first.score, first.gain, first.then_chip) == (pytest.approx(0.7, abs=1e-3), None, None)
    assert first.thumbnail == b"jpeg of /scenes/c.tif 0"
    assert first.taken.day == 2
    assert first.id.startswith("urn:uuid:")
    assert [event.number for event in run.events] == [1, 2]
    assert chips(watched.run()) == []


def test_scenes_without_hits_are_looked_at(watched):
    watched.watch()
    for name in ("c", "d", "e"):
        watched.add(name, [0.1], day=3)
    run = watched.run()
    assert run.told == "harbours: 0 new in 3 scenes looked at"
    watch = watched.get()
    assert (watch.last_new, watch.last_sources, watch.last_problem) == (0, 3, "")
    assert watch.last_run is not None


def test_a_removed_scene_that_comes_back_is_not_told_again(watched):
    watched.watch()
    watched.add("c", [0.7], day=2)
    assert len(chips(watched.run())) == 1
    watched.remove("c")
    assert chips(watched.run()) == []
    watched.add("c", [0.7], day=2)
    run = watched.run()
    assert (chips(run), run.num_scenes) == ([], 0)


def test_new_bytes_of_a_scene_tell_what_was_not_seen_there(watched):
    watched.watch()
    watched.change("/scenes/a.tif", [0.9, 0.7, 0.8, 0.2], content="new", day=1)
    run = watched.run()
    assert chips(run) == ["/scenes/a.tif|new|1"]
    assert run.num_scenes == 1
    assert chips(watched.run()) == []


def test_new_bytes_of_another_day_are_a_new_look(watched):
    watched.watch()
    watched.change("/scenes/a.tif", [0.9, 0.1, 0.8, 0.2], content="new", day=5)
    assert len(chips(watched.run())) == 2


def test_old_bytes_that_come_back_are_not_told_again(watched):
    watched.watch()
    watched.change("/scenes/a.tif", [0.9, 0.1, 0.8, 0.2], content="new", day=5)
    watched.run()
    watched.change("/scenes/a.tif", [0.9, 0.1, 0.8, 0.2], content="/scenes/a.tif", day=1)
    assert chips(watched.run()) == []


def test_a_moved_scene_is_not_new(watched):
    watched.watch()
    watched.move("/scenes/a.tif", "/elsewhere/a.tif", [0.9, 0.1, 0.8, 0.2], day=1)
    run = watched.run()
    assert (chips(run), run.num_scenes) == ([], 0)
    watched.move("/elsewhere/a.tif", "/scenes/a.tif", [0.9, 0.1, 0.8, 0.2], day=1)
    assert chips(watched.run()) == []


def test_a_copy_beside_the_scene_is_new_but_its_places_are_known(watched):
    watched.watch()
    watched.add("copy", [0.9, 0.1, 0.8, 0.2], content="/scenes/a.tif", day=1)
    run = watched.run()
    assert (chips(run), run.num_scenes) == ([], 1)


def test_a_neighbour_of_the_same_day_tells_a_place_once(watched):
    watched.watch()
    # Its last two chips are the first two of another scene of that day, where one was a hit.
    watched.add("c", [0.9, 0.8, 0.7, 0.6], day=1, x=-0.02)
    assert chips(watched.run()) == ["c|c|0", "c|c|1", "c|c|3"]


def test_two_new_scenes_of_one_day_tell_a_place_once(watched):
    watched.watch()
    watched.add("c", [0.7], day=2)
    watched.add("d", [0.8], day=2)
    assert chips(watched.run()) == ["d|d|0"]


def test_scenes_without_a_place_or_date_are_told(watched):
    watched.watch()
    watched.add("c", [0.7], places=False)
    watched.add("d", [0.8], places=False)
    assert sorted(chips(watched.run())) == ["c|c|0", "d|d|0"]


def test_all_hits_are_taken_whatever_page_was_asked_for(watched, monkeypatch):
    monkeypatch.setattr("harma.searches.watching.FIRST_HITS", 2)
    watched.watch(asked={**ASKED, "k": 1})
    watched.add("c", [0.7] * 50, day=2)
    assert len(chips(watched.run())) == 50


def test_many_new_scenes_are_searched_in_parts(watched, monkeypatch):
    monkeypatch.setattr("harma.searches.watching.SCENES_AT_ONCE", 2)
    watched.watch()
    for number in range(5):
        watched.add(f"c{number}", [0.6 + number / 20], day=3 + number)
    assert chips(watched.run()) == [f"c{number}|c{number}|0" for number in (4, 3, 2, 1, 0)]


def test_more_hits_than_are_looked_at_are_stated(watched, monkeypatch):
    monkeypatch.setattr("harma.searches.watching.FIRST_HITS", 2)
    monkeypatch.setattr("harma.searches.watching.MOST_HITS", 3)
    watched.add("b", [0.6, 0.7, 0.8, 0.9], day=2)
    # Of what was there before nothing is told, so that nothing is lost.
    assert watched.watch().problem == ""
    watched.add("c", [0.6, 0.7, 0.8, 0.9], day=3)
    run = watched.run()
    assert len(run.events) == 3
    assert "only the best were looked at" in run.problem
    assert watched.get().last_problem == run.problem


def test_more_events_than_are_kept_are_stated(watched, monkeypatch):
    monkeypatch.setattr("harma.searches.watching.MOST_EVENTS", 2)
    watched.watch()
    watched.add("c", [0.6, 0.7, 0.8], day=2)
    run = watched.run()
    assert chips(run) == ["c|c|2", "c|c|1"]
    assert "3 hits are new" in run.problem


def test_a_scene_is_looked_at_when_a_build_has_finished_it(watched):
    watched.watch()
    watched.add("c", [0.7, 0.6], day=2, recorded=False)
    assert watched.run().num_scenes == 0
    watched.record("c", 2)
    assert len(watched.run().events) == 2


def test_chips_that_came_after_what_is_read_are_waited_for(watched):
    watched.watch()
    # The record was read, but of its three chips only two.
    watched.add("c", [0.7, 0.6], day=2, recorded=False)
    watched.record("c", 3)
    assert watched.run().num_scenes == 0


def test_a_scene_that_cannot_be_read_is_looked_at_once_it_can(watched):
    watched.watch()
    watched.record("c", 0, problem="it is damaged")
    assert watched.run().num_scenes == 0
    watched.add("c", [0.7], day=2)
    assert len(watched.run().events) == 1


def test_a_lower_threshold_floods_nobody(watched):
    watched.watch(least_score=0.85)
    watched.put(least_score=0.05)
    assert chips(watched.run()) == []
    watched.add("c", [0.1], day=2)
    assert len(watched.run().events) == 1
    # What the lower threshold admits of old scenes is known by place, too.
    watched.change("/scenes/b.tif", [0.1, 0.2], content="new", day=1, x=1)
    assert chips(watched.run()) == []


def test_scenes_that_came_before_a_change_of_the_watch_are_told(watched):
    watched.watch()
    watched.add("c", [0.7], day=2)
    watched.put(least_score=0.6, webhook="https://example.org")
    assert len(watched.run().events) == 1


def test_a_score_that_drifts_over_the_threshold_is_no_event(watched):
    watched.watch()
    watched.book.change(watched.ids["s1"], asked={"like": [{"vector": [0.1, 1, 0, 0]}]})
    assert chips(watched.run()) == []


def test_a_standing_is_judged_against_the_index(watched):
    watched.add("many", [0.1 + i / 1000 for i in range(60)], day=1, x=3)
    watched.watch(standing="clear", least_score=None)
    watched.add("c", [0.99, 0.15], day=2)
    run = watched.run()
    assert chips(run) == ["c|c|0"]
    assert run.events[0].standing == "clear"
    assert run.problem == ""


def test_an_index_too_small_for_standings_says_so(watched):
    run = watched.watch(standing="likely", least_score=None)
    assert "too small" in run.problem
    assert "too small" in watched.get().last_problem


def test_marks_take_part(watched):
    # What is described; marks say that it is meant otherwise.
    watched.watch(asked={"image": {"vector": [1, 0, 0, 0]}}, least_score=0.2)
    watched.add("near", [0.1], day=2)
    assert chips(watched.run()) == []
    marks = [
        Mark("/scenes/a.tif|/scenes/a.tif|0", "bad"),
        Mark("/scenes/b.tif|/scenes/b.tif|0", "good"),
        Mark("gone", "good"),
    ]
    watched.book.put_marks(watched.ids["s1"], marks)
    watched.add("c", [0.1, 1.0], day=3)
    run = watched.run()
    # What is like the good one now stands over the threshold.
    assert "c|c|0" in chips(run)


def test_a_source_that_is_gone_is_a_problem_of_its_watch_alone(watched):
    watched.watch()
    watched.save("s2", {**ASKED, "source": "0123456789abcdef"})
    watched.put("s2")
    watched.add("c", [0.7], day=2)
    runs = list(run_watches(Index.open(watched.directory), watched.book))
    assert [len(run.events) for run in runs] == [1, 0]
    assert "not in the index any more" in runs[1].problem
    assert "not in the index any more" in watched.get("s2").last_problem
    with pytest.raises(QueryError, match="not in the index any more"):
        watched.run("s2")


def test_two_watches_know_nothing_of_each_other(watched):
    watched.watch()
    watched.add("c", [0.7], day=2)
    watched.watch("s2")
    assert (len(watched.run("s1").events), len(watched.run("s2").events)) == (1, 0)
    watched.add("d", [0.7], day=3)
    assert (len(watched.run("s1").events), len(watched.run("s2").events)) == (1, 1)


def test_a_deleted_watch_has_no_run(watched):
    watched.watch()
    watched.watches.delete(watched.ids["s1"])
    with pytest.raises(NotFoundError, match="no watch"):
        watched.run()


def test_a_watch_that_is_set_again_tells_nothing_twice(watched):
    watched.watch()
    watched.add("c", [0.7], day=2)
    assert len(watched.run().events) == 1
    watched.remove("c")
    watched.watches.delete(watched.ids["s1"])
    watched.put()
    assert watched.run().is_first
    watched.add("c", [0.7], day=2)
    assert chips(watched.run()) == []


# -- change ---------------------------------------------------------------------------------------


def test_a_change_is_told_by_the_first_scene_that_shows_it(watched):
    watched.watch(asked={**ASKED, "before": "2020-01-01", "after": "2020-01-02"}, least_score=0.3)
    # Built on the second chip, by steps.
    watched.add("c", [0.9, 0.3, 0.8, 0.2], day=4)
    assert chips(watched.run()) == []
    watched.add("d", [0.9, 0.6, 0.8, 0.2], day=6)
    run = watched.run()
    assert chips(run) == ["d|d|1"]
    assert run.events[0].gain == pytest.approx(0.5, abs=1e-3)
    assert run.events[0].then_chip == "/scenes/a.tif|/scenes/a.tif|1"
    watched.add("e", [0.9, 0.7, 0.8, 0.6], day=9)
    assert chips(watched.run()) == ["e|e|3"]


def test_changes_that_were_there_are_known(watched):
    watched.add("c", [0.9, 0.6, 0.8, 0.2], day=4)
    watched.watch(asked={**ASKED, "before": "2020-01-01", "after": "2020-01-02"}, least_score=0.3)
    watched.add("d", [0.9, 0.7, 0.8, 0.2], day=6)
    run = watched.run()
    assert (chips(run), run.num_scenes) == ([], 1)


def test_a_change_watch_waits_for_the_later_time(watched):
    asked = {**ASKED, "before": "2020-01-01", "after": "2020-01-05"}
    assert watched.watch(asked=asked, least_score=0.3).problem == ""
    # It was taken in between: of neither time.
    watched.add("c", [0.9, 0.9, 0.9, 0.9], day=3)
    assert chips(watched.run()) == []
    watched.add("d", [0.9, 0.9, 0.9, 0.9], day=6)
    assert chips(watched.run()) == ["d|d|1", "d|d|3"]


def test_what_is_noted_of_a_problem_names_no_files(watched, monkeypatch):
    watched.watch()

    def damaged(*_):
        raise DataError(f"the index {watched.directory} cannot be read")

    monkeypatch.setattr(watching, "scenes_there", damaged)
    (run,) = run_watches(Index.open(watched.directory), watched.book)
    assert str(watched.directory) in run.problem
    assert watched.get().last_problem == (
        "it could not be run (DataError); what runs it has told why"
    )
