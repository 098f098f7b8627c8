"""The demo, as small as it gets; `make demo` runs it as it is shipped."""

import pytest

from harma import Index
from harma.data.synthetic.landscape import LEAST_CELLS
from harma.errors import ConfigError
from harma.training.demo import DemoSize, run_demo
from harma.training.demo_archive import DemoPlace

SMALL = DemoSize(
    pretraining=24,
    adapting=16,
    val=6,
    test=8,
    overrides={"train": {"epochs": 1, "validate_every": 1}, "data": {"batch_size": 8}},
    places=(DemoPlace("coast", True, 0, 445_500, 6_239_000, cells=LEAST_CELLS),),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    directory, said = tmp_path_factory.mktemp("demo"), []
    return directory, run_demo(directory, size=SMALL, say=said.append), said


def test_it_compares_three_models_on_the_same_scenes(finished):
    _, result, said = finished
    assert result.before.keys() == result.harma.keys() == result.full.keys()
    assert result.chance["mR"] > 0
    assert result.total["harma"] > result.total["full"] > result.trained["harma"]
    # The backbone's own temperature is the one weight that rests.
    assert result.trained["full"] == result.total["full"] - 1
    assert len(said) == 5


def test_it_leaves_pictures_and_reports(finished):
    directory, result, _ = finished
    assert (directory / "scenes.png").stat().st_size > 10_000
    assert all("<html" in path.read_text() for path in result.reports.values())


def test_it_leaves_an_archive_of_what_was_adapted(finished):
    directory, result, _ = finished
    assert result.archive == directory / "archive"
    assert Index.open(result.archive).search("ships on the sea", k=5)
    assert str(directory / "harma") in (result.archive / "index.json").read_text()


def test_without_what_an_index_needs_there_is_no_archive(finished, monkeypatch):
    directory, result, _ = finished
    monkeypatch.setattr("harma.training.demo.can_make_archive", lambda: False)
    bare = run_demo(directory, size=SMALL)
    assert bare.archive is None
    assert bare.harma == result.harma


def test_a_finished_demo_is_shown_without_training_again(finished):
    directory, result, _ = finished
    log = directory / "harma" / "log.jsonl"
    before = log.read_text()
    assert run_demo(directory, size=SMALL) == result
    assert log.read_text() == before


def test_a_directory_of_another_demo_is_refused(finished):
    directory, _, _ = finished
    other = DemoSize(**{**vars(SMALL), "overrides": {**SMALL.overrides, "optim": {"lr": 1e-5}}})
    with pytest.raises(
        ConfigError, match="holds a run of another recipe; delete it or give another --output"
    ):
        run_demo(directory, size=other)
