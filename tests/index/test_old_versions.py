"""How long old versions are kept."""

from datetime import datetime, timedelta

from harma.index.old_versions import KEPT, KEPT_ALWAYS, MOST_VERSIONS, kept_for
from harma.index.store import Store

NOW = datetime(2026, 1, 1)


def every(seconds, count):
    return [NOW - timedelta(seconds=seconds * number) for number in reversed(range(count))]


def test_few_versions_are_kept_for_an_hour():
    assert kept_for([], NOW) == KEPT
    assert kept_for(every(36, MOST_VERSIONS), NOW) == KEPT


def test_of_many_the_newest_are_kept():
    # Every ten seconds one: the hundredth is 16.5 minutes old.
    assert kept_for(every(10, 500), NOW) == timedelta(seconds=990)


def test_those_of_the_last_minutes_are_kept_whatever_their_number():
    assert kept_for(every(0.1, 5000), NOW) == KEPT_ALWAYS
    # Clocks that were put back.
    assert kept_for(every(-10, 500), NOW) == KEPT_ALWAYS


def num_versions(folder):
    """Versions of the table of sources."""
    return len(list(folder.glob("index/tables/*/sources.lance/_versions/*")))


def test_old_ones_of_many_go(build_index, write_scenes, tmp_path, monkeypatch):
    build_index(*write_scenes(tmp_path / "scenes", 2))
    store = Store(tmp_path / "index")
    sources = list(store.sources().values())
    for _ in range(6):
        store.put_sources(sources)
    assert num_versions(tmp_path) > 6
    monkeypatch.setattr("harma.index.old_versions.MOST_VERSIONS", 2)
    monkeypatch.setattr("harma.index.old_versions.KEPT_ALWAYS", timedelta(0))
    store.compact()
    assert num_versions(tmp_path) <= 4
    assert len(Store(tmp_path / "index").sources()) == 2
