"""`harma.evaluate`: a saved run or model on a data set by its name."""

import json
import sys
from dataclasses import replace
from shutil import copytree

import pytest
import yaml
from tests.conftest import TINY

from harma.cli import main
from harma.data.synthetic import make_scenes
from harma.errors import ConfigError, DataError, MissingDependencyError
from harma.evaluation import load_evaluation, report, save_evaluation
from harma.model.saved import load
from harma.training.evaluate import evaluate


@pytest.fixture(scope="module")
def runs(tiny_data, tmp_path_factory):
    """A run of HarMA and one that trains the whole model, one epoch each."""
    folder = tmp_path_factory.mktemp("runs")
    recipe = {
        "backbone": TINY,
        "data": {"name": str(tiny_data / "data.yaml"), "batch_size": 8, "num_workers": 0},
        "optim": {"lr": 1e-3},
        "train": {"epochs": 1, "accelerator": "cpu", "report": False},
    }
    for method, adapter in (("harma", {"bottleneck_dim": 16, "num_heads": 2}), ("full", {})):
        file = folder / f"{method}.yaml"
        file.write_text(yaml.safe_dump({**recipe, "method": method, "adapter": adapter}))
        assert main(["train", str(file), "--output", str(folder / method)]) == 0
    return folder


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Another data set."""
    return make_scenes(tmp_path_factory.mktemp("scenes") / "s", train=1, val=1, test=4, size=32)


def figures(directory):
    return json.loads((directory / "metrics.json").read_text())


@pytest.mark.parametrize("what", ["harma", "harma/best"])
def test_a_run_knows_its_data_and_has_its_figures_again(runs, what, tmp_path):
    evaluation = evaluate(runs / what, output=tmp_path)
    assert evaluation.metrics == pytest.approx(figures(runs / "harma")["test"]["metrics"])
    assert evaluation.baseline == "without adapters"
    assert evaluation.without_adapters is not None
    assert load_evaluation(tmp_path).metrics == evaluation.metrics


def test_the_data_of_a_run_may_lie_elsewhere(runs, tiny_data, tmp_path):
    """As it is said, else as the run's recipe says."""
    elsewhere = tmp_path / "elsewhere"
    copytree(tiny_data, elsewhere)
    rows = json.loads((elsewhere / "test.json").read_text())
    (elsewhere / "test.json").write_text(json.dumps(rows[:5]))
    assert evaluate(runs / "harma", root=elsewhere).num_images == 5
    copytree(runs / "harma", tmp_path / "run")
    recipe = yaml.safe_load((tmp_path / "run" / "recipe.yaml").read_text())
    recipe["data"]["root"] = str(elsewhere)
    (tmp_path / "run" / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    assert evaluate(tmp_path / "run").num_images == 5
    assert evaluate(tmp_path / "run", root=tiny_data).num_images == 8


def test_nothing_is_written_unless_it_is_asked_for(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = (runs / "harma" / "metrics.json").stat().st_mtime_ns
    evaluate(runs / "harma", split="val")
    assert (runs / "harma" / "metrics.json").stat().st_mtime_ns == before
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_open_and_another_data_set(runs, scenes):
    model = load(runs / "harma")
    evaluation = evaluate(model, scenes)
    assert (evaluation.split, evaluation.num_images) == ("test", 4)
    assert evaluation.metrics == pytest.approx(evaluate(runs / "harma", scenes).metrics)
    with pytest.raises(ConfigError, match="a model is no run that knows its data; name it: --data"):
        evaluate(model)
    with pytest.raises(ConfigError, match="backbone belongs to a model that is opened here"):
        evaluate(model, scenes, backbone="openai")


def test_data_are_checked_before_the_model_is_opened(tmp_path):
    with pytest.raises(ConfigError, match="nowhere is no run that knows its data"):
        evaluate("nowhere")
    with pytest.raises(ConfigError, match="there is no data set 'x'"):
        evaluate("nowhere", "x")
    with pytest.raises(ConfigError, match="data.root is not set"):
        evaluate("nowhere", "ucm")


def test_figures_of_other_data_are_kept(runs, scenes):
    before = (runs / "harma" / "metrics.json").read_bytes()
    with pytest.raises(DataError, match="they would be lost. Give another directory with --output"):
        evaluate(runs / "harma", scenes, output=runs / "harma")
    assert (runs / "harma" / "metrics.json").read_bytes() == before


def test_a_whole_model_keeps_the_baseline_that_cannot_be_made_again(runs, tmp_path):
    run = runs / "full"
    was = load_evaluation(run).without_adapters
    again = evaluate(run, output=run)
    assert again.without_adapters.metrics == was.metrics
    assert load_evaluation(run).without_adapters.metrics == was.metrics
    assert again.baseline == "before training"
    assert evaluate(run, output=tmp_path / "new").without_adapters is None
    # What stands there without a baseline gives none.
    save_evaluation(replace(again, without_adapters=None), tmp_path / "bare")
    assert evaluate(run, output=tmp_path / "bare").without_adapters is None


def test_the_report_of_a_run_says_again_what_the_run_knows(runs, tmp_path, monkeypatch):
    """It takes the place of the page that training wrote: it must not hide what chose the model."""
    given = []
    monkeypatch.setattr(report, "write_report", lambda directory, **options: given.append(options))
    run = runs / "harma"
    metrics = figures(run)
    (run / "metrics.json").write_text(json.dumps({**metrics, "select_on": "test"}))
    for what in (run, run / "best"):
        evaluate(what, report=tmp_path)
    (run / "metrics.json").write_text(json.dumps({**metrics, "data": "other"}))
    evaluate(run, report=tmp_path)
    (run / "metrics.json").write_text(json.dumps(metrics))
    facts = [options["info"] for options in given]
    assert [one.get("select_on") for one in facts] == ["test", "test", None]
    assert facts[0]["trained_parameters"] == metrics["trained_parameters"]
    assert facts[0]["method"] == "harma"
    assert given[0]["model"] is not None
    assert given[0]["evaluation"].baseline == "without adapters"


def test_a_umap_that_cannot_be_made_costs_no_evaluation(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    output = tmp_path / "output"
    with pytest.raises(MissingDependencyError, match="leave --umap out"):
        evaluate(runs / "harma", output=output, report=output, umap=True)
    assert not output.exists()
    # Without a page there is nothing to draw.
    evaluate(runs / "harma", output=output, umap=True)
    assert (output / "metrics.json").is_file()
