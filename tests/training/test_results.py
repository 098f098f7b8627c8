"""What a run leaves: figures, the best model, the report."""

import json
import shutil

import pytest
import torch
from tests.training.runs import adapter_weights, logged, trained

import harma
from harma.backbones import load_backbone
from harma.errors import MissingFileError, WeightsError
from harma.evaluation import evaluate
from harma.model.saved import describe
from harma.training.build import load_splits
from harma.training.recipe import DataConfig


def test_a_run_leaves_what_the_design_says_and_its_model_embeds(make_recipe, tiny_data):
    run = trained(make_recipe(train={"report": True, "tensorboard": True}))
    left = {path.name for path in run.iterdir()}
    assert {
        "recipe.yaml",
        "environment.json",
        "log.jsonl",
        "metrics.json",
        "last",
        "best",
        "report.html",
        "tensorboard",
    } <= left
    figures = json.loads((run / "metrics.json").read_text())
    assert figures["test"]["metrics_without_adapters"] is not None
    assert figures["select_on"] == "val"
    assert len(logged(run, "step")) == 12
    assert len(logged(run, "validation")) == 2
    model = harma.load(run)
    images = sorted((tiny_data / "images").glob("test_*.png"))
    assert model.embed_images(images).shape == (8, 16)
    assert model.embed_texts(["a red roof"]).shape == (1, 16)
    assert describe(run)["parameters"]["trained"] == model.num_parameters(trained=True)
    assert "✓" in (run / "report.html").read_text()


def test_full_and_none_run_through_the_same_loop(make_recipe):
    full = trained(make_recipe("full", method="full", optim={"lr": 1e-3}))
    model = harma.load(full)
    assert model.adapters is None
    saved = json.loads((full / "metrics.json").read_text())
    assert saved["test"]["metrics_without_adapters"] is not None
    none = trained(make_recipe("none", method="none", backbone=f"local-dir:{full / 'best'}"))
    again = json.loads((none / "metrics.json").read_text())
    assert again["test"]["metrics"]["mR"] == pytest.approx(saved["test"]["metrics"]["mR"], abs=1e-9)


@pytest.mark.parametrize("method", ["harma", "full", "none"])
def test_a_run_can_leave_the_test_split_unread(make_recipe, tiny_data, tmp_path, method):
    without = tmp_path / "data"
    shutil.copytree(tiny_data, without)
    (without / "test.json").unlink()
    data = {"name": str(without / "data.yaml")}
    run = trained(
        make_recipe(method=method, data=data, train={"evaluate_on": "val", "report": True})
    )
    figures = json.loads((run / "metrics.json").read_text())
    assert "test" not in figures
    assert figures["val"]["num_images"] == 8
    assert figures["peak_memory_bytes"] > 50e6
    assert (run / "hits_val.npz").is_file()
    assert "test split was read" not in (run / "report.html").read_text()
    with pytest.raises(MissingFileError, match=r"test\.json"):
        trained(make_recipe("other", method=method, data=data))


def mean_of_own_pairs(images, captions, caption_to_image):
    """A metric of one's own."""
    return 100 * float((images[caption_to_image] * captions).sum(axis=1).mean())


def test_a_metric_of_ones_own_chooses_the_model(make_recipe):
    own = {"metrics": [f"{__name__}.mean_of_own_pairs"], "select_by": "mean_of_own_pairs"}
    run = trained(make_recipe(train=own))
    values = [event["mean_of_own_pairs"] for event in logged(run, "validation")]
    saved = json.loads((run / "best" / "adapter_config.json").read_text())
    assert saved["metrics"]["mean_of_own_pairs"] == max(values)
    assert "mean_of_own_pairs" in json.loads((run / "metrics.json").read_text())["test"]["metrics"]


def test_adapters_are_refused_on_other_weights(make_recipe, tiny_config, tmp_path):
    run = trained(make_recipe())
    load_backbone(tiny_config).save(tmp_path / "other")
    message = r"was trained on local-dir:.* with weights sha256:.*Give the backbone"
    with pytest.raises(WeightsError, match=message):
        harma.load(run, backbone=f"local-dir:{tmp_path / 'other'}")
    (run / "backbone").rename(tmp_path / "moved")
    with pytest.raises(MissingFileError, match=r"cannot be found .*say where it is with backbone="):
        harma.load(run)
    assert harma.load(run, backbone=f"local-dir:{tmp_path / 'moved'}").adapters is not None


@pytest.mark.parametrize("precision", ["float32", "float64", "bf16"])
def test_what_was_trained_in_any_precision_opens(make_recipe, precision):
    run = trained(make_recipe(train={"precision": precision, "epochs": 1}))
    assert harma.load(run).embed_texts(["a roof"]).dtype == "float32"


def test_the_best_epoch_is_what_is_kept_and_measured(make_recipe, monkeypatch):
    """Not the last one: its figures and its weights differ."""
    from harma.training import loop

    validate = loop.validate
    given = [50.0, 10.0]
    weights = []

    def measured(fabric, model, selection):
        weights.append({name: t.clone() for name, t in model.adapter_state().items()})
        return {**validate(fabric, model, selection), "mR": given.pop(0)}

    monkeypatch.setattr(loop, "validate", measured)
    run = trained(make_recipe())
    kept = adapter_weights(run)
    assert all(torch.equal(kept[name], tensor) for name, tensor in weights[0].items())
    assert not all(torch.equal(kept[name], tensor) for name, tensor in weights[1].items())
    about = json.loads((run / "best" / "adapter_config.json").read_text())
    assert (about["metrics"]["epoch"], about["metrics"]["mR"]) == (1, 50.0)
    figures = json.loads((run / "metrics.json").read_text())["test"]["metrics"]
    again = evaluate(
        harma.load(run), load_splits(DataConfig(name=about["data"]["name"]), "test")["test"]
    )
    assert again.metrics == pytest.approx(figures)


@pytest.mark.parametrize(("split", "flatters"), [("test", True), ("val", False)])
def test_figures_of_the_split_that_chose_the_model_are_said_to_flatter(
    make_recipe, capsys, split, flatters
):
    trained(make_recipe(train={"epochs": 1, "select_on": split}))
    assert ("these figures flatter it" in capsys.readouterr().out) == flatters
