"""The demo, as small as it gets; `make demo` runs it as it is shipped."""

import pytest

from harma.errors import ConfigError
from harma.training.demo import DemoSize, run_demo

SMALL = DemoSize(
    pretraining=24,
    adapting=16,
    val=6,
    test=8,
    overrides={"train": {"epochs": 1, "validate_every": 1}, "data": {"batch_size": 8}},
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
    assert len(said) == 4


def test_it_leaves_pictures_and_reports(finished):
    directory, result, _ = finished
    assert (directory / "scenes.png").stat().st_size > 10_000
    assert all("<html" in path.read_text() for path in result.reports.values())


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
