"""Threads and processes that look at sources."""

from concurrent.futures.process import BrokenProcessPool

import pytest
from tests.index.odd_surveyor import NoStart, OddSurveyor
from tests.index.parts import write_stripes

from harma.index.look import Unsurveyed
from harma.index.survey_pool import ENDED, SurveyPool
from harma.scenes.reading import Reading
from harma.scenes.sources import find_sources
from harma.scenes.windows import Tiling

SURVEYOR = OddSurveyor(Tiling(size=10), Reading())


@pytest.fixture
def folder(tmp_path):
    for number in range(10):
        write_stripes(tmp_path / f"{number}.tif", range(number + 1))
    return tmp_path


def sources_of(folder):
    return [Unsurveyed(source, None) for source in find_sources([folder])]


def looked_apart(pool, sources):
    """Looked at in groups of three, the last of one; all of them at once."""
    groups = [sources[start : start + 3] for start in range(0, len(sources), 3)]
    pending = [pool.look_apart(group) for group in groups]
    return [item for looked in pending for item in looked()]


def test_threads_and_processes_see_the_same(folder):
    sources = sources_of(folder)
    with SurveyPool(SURVEYOR, 2) as pool:
        assert not pool.has_processes
        here = [pool.look(source)() for source in sources]
        assert not pool.has_processes
        apart = looked_apart(pool, sources)
        assert pool.has_processes
    assert [(one.content, one.facts) for (one,) in here] == [
        (one.content, one.facts) for one in apart
    ]


@pytest.mark.parametrize("number", [4, 9], ids=["in a group", "alone"])
def test_a_file_that_ends_its_process_is_listed(folder, number):
    (folder / f"{number}.tif").rename(folder / f"{number}-deadly.tif")
    sources = sources_of(folder)
    with SurveyPool(SURVEYOR, 2) as pool:
        looked = looked_apart(pool, sources)
        # What comes later is looked at as ever.
        again = looked_apart(pool, sources[:3])
    assert [item.problem for item in looked] == [ENDED if n == number else "" for n in range(10)]
    assert [len(item.windows) for item in again] == [1, 2, 3]


def test_a_bug_is_raised_that_cannot_travel(folder):
    (folder / "5.tif").rename(folder / "5-odd.tif")
    with SurveyPool(SURVEYOR, 2) as pool, pytest.raises(RuntimeError, match="OddError: one, two"):
        looked_apart(pool, sources_of(folder))


def test_where_no_process_can_be_started_no_file_is_at_fault(folder, monkeypatch):
    monkeypatch.setattr("harma.index.survey_pool.WorkerStart", NoStart)
    with SurveyPool(SURVEYOR, 2) as pool, pytest.raises(BrokenProcessPool):
        looked_apart(pool, sources_of(folder))
