"""A look at one source."""

import numpy as np
import pytest
from tests.index.parts import write_stripes

from harma.errors import DataError
from harma.index.look import Surveyor, Unsurveyed, problem_of
from harma.scenes.reading import Reading
from harma.scenes.source import Source
from harma.scenes.sources import find_sources
from harma.scenes.windows import Tiling

SURVEYOR = Surveyor(Tiling(size=10), Reading())


def test_what_a_new_file_says(tmp_path):
    path = write_stripes(tmp_path / "a.tif", [1, 2, 3])
    (source,) = find_sources([path])
    (seen,) = SURVEYOR.look([Unsurveyed(source, None)])
    assert (seen.size, seen.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
    assert (len(seen.windows), seen.facts.width, seen.problem) == (3, 30, "")
    assert len(seen.content) == 32


def test_what_is_known_to_be_wrong_is_not_opened():
    source = Source("item", "/nowhere/at-all.tif", problem="its catalogue names no file")
    (seen,) = SURVEYOR.look([Unsurveyed(source, None)])
    assert (seen.problem, seen.size, seen.windows) == (source.problem, -1, None)


def test_what_the_system_says_is_told():
    assert problem_of(OSError(5, "Input/output error")) == "it cannot be read (Input/output error)"
    assert problem_of(DataError("it is empty", source="a.tif")) == "it is empty"


def test_what_the_machine_lacks_is_no_problem_of_the_source():
    with pytest.raises(OSError, match="Too many open files"):
        problem_of(OSError(24, "Too many open files"))


def test_a_mistake_of_ours_is_not_a_problem_of_the_source(tmp_path, monkeypatch):
    write_stripes(tmp_path / "a.tif", np.arange(2))
    monkeypatch.setattr("harma.index.look.fingerprint", lambda source: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        SURVEYOR.look([Unsurveyed(source, None) for source in find_sources([tmp_path])])
