"""Dual encoders through `harma train`, and what a run leaves."""

import json

import numpy as np
import pytest
import torch
from tests.training.runs import last_state, logged, stopped, trained

import harma
from harma.cli import main
from harma.errors import ConfigError, WeightsError
from harma.model.convert import export_released
from harma.model.saved import describe
from harma.training import results

TEXTS = ["a red roof", "white field number 3"]
LOSSES = {
    "contrastive": {"contrastive": 1.0},
    "affiliation": {"contrastive": 1.0, "affiliation": {"weight": 0.5, "temperature": 0.07}},
    "triplet": {"triplet": 1.0},
}


@pytest.fixture
def values(tiny_dual, tiny_data, tmp_path):
    def make(method, name="run", **changes):
        return {
            "method": method,
            "backbone": tiny_dual,
            "adapter": {"bottleneck_dim": 16, "num_heads": 2, "shared_towers": ["image", "text"]},
            "data": {"name": str(tiny_data / "data.yaml"), "batch_size": 8, "num_workers": 0},
            "loss": {"terms": {"contrastive": 1.0}},
            "optim": {"lr": 1e-2},
            "train": {"epochs": 2, "accelerator": "cpu", "log_every": 1, "report": False},
            "output": str(tmp_path / name),
            **changes,
        }

    return make


def embeddings(model, tiny_data):
    images = [tiny_data / "images" / f"test_{i}.png" for i in range(3)]
    return model.embed_images(images), model.embed_texts(TEXTS)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_whole_model_trains_with_each_loss_and_opens_as_it_was(
    values, loss, tiny_data, tmp_path, monkeypatch
):
    saved = {}

    def keep(model, directory, **options):
        original(model, directory, **options)
        saved["model"] = embeddings(model.eval(), tiny_data)
        saved["hash"] = model.backbone.weights_hash()

    original = results.save_model
    monkeypatch.setattr(results, "save_model", keep)
    run = trained(
        values(
            "full",
            loss={"terms": LOSSES[loss]},
            train={
                "epochs": 1,
                "accelerator": "cpu",
                "report": False,
            },
        )
    )
    model = harma.load(run)
    for ours, theirs in zip(embeddings(model, tiny_data), saved["model"], strict=True):
        assert np.array_equal(ours, theirs)
    assert model.backbone.weights_hash() == saved["hash"]
    files = {path.name for path in (run / "best").rglob("*") if path.is_file()}
    assert {"dual_encoder_config.json", "dual_encoder_model.safetensors", "tokenizer.json"} <= files
    assert not [name for name in files if name.endswith((".bin", ".pt", ".pkl", ".py"))]
    assert describe(run)["kind"] == "model"
    # What it learned stays with it: the temperature too, unless no loss had one.
    assert (model.temperature.item() == pytest.approx(0.07)) == (loss == "triplet")


def test_adapters_on_it_are_a_directory_like_any_other(values, tiny_data, tmp_path, capsys):
    run = trained(
        values(
            "harma",
            train={
                "epochs": 2,
                "accelerator": "cpu",
                "report": True,
            },
        )
    )
    about = json.loads((run / "best" / "adapter_config.json").read_text())
    assert about["backbone"]["name"] == "local-dir:../backbone"
    assert about["backbone"]["architecture"]["image"]["timm"] == "swin_tiny_patch4_window7_224"
    assert (run / "report.html").is_file()
    model = harma.load(run)
    with model.without_adapters():
        assert model.backbone.weights_hash() == about["backbone"]["weights_hash"]
        bare = embeddings(model, tiny_data)
    adapted = embeddings(model, tiny_data)
    assert all(not np.array_equal(*pair) for pair in zip(bare, adapted, strict=True))
    for ours, theirs in zip(embeddings(harma.load(run / "backbone"), tiny_data), bare, strict=True):
        assert np.array_equal(ours, theirs)
    capsys.readouterr()
    assert main(["evaluate", str(run), "--device", "cpu", "--output", str(tmp_path / "again")]) == 0
    first, again = (
        json.loads((p / "metrics.json").read_text())["test"]["metrics"]
        for p in (run, tmp_path / "again")
    )
    assert again == pytest.approx(first)
    assert main(["info", str(run)]) == 0
    with pytest.raises(ConfigError, match="the released form holds CLIP models of open_clip"):
        export_released(run, tmp_path / "x.pt")


def test_a_resumed_run_ends_as_if_undisturbed(values, monkeypatch):
    whole = last_state(trained(values("harma", "whole")))["model"]
    with stopped(monkeypatch):
        trained(values("harma", "cut"))
    state = last_state(trained(values("harma", "cut"), resume=True))["model"]
    assert whole.keys() == state.keys()
    assert all(torch.equal(whole[name], state[name]) for name in whole)


def test_gradient_caching_changes_nothing(values, tiny_dual):
    tiny_dual["image"]["drop_path_rate"] = 0.0
    for key in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        tiny_dual["text"]["transformers"][key] = 0.0
    logs = []
    for name, chunk in (("one", None), ("two", 3)):
        options = {
            "epochs": 1,
            "accelerator": "cpu",
            "log_every": 1,
            "report": False,
            "chunk_size": chunk,
        }
        run = trained(
            values("harma", name, train={**options, "gradient_checkpointing": chunk == 3})
        )
        logs.append([event["loss"] for event in logged(run, "step")])
    assert logs[0] == pytest.approx(logs[1], rel=1e-4)


def test_adapters_on_another_backbone_are_refused(values):
    run = trained(values("harma"))
    other = trained(values("full", "other"))
    with pytest.raises(WeightsError, match="Give the backbone it was trained on"):
        harma.load(run, backbone=f"local-dir:{other / 'best'}")


def test_an_index_is_built_with_it(values, tmp_path, write_scenes):
    from harma.index.build import build, default_settings
    from harma.scenes.reading import Reading
    from harma.scenes.sources import find_sources
    from harma.scenes.windows import Tiling

    run = trained(values("full"))
    write_scenes(tmp_path / "scenes", 1)
    model = harma.load(run)
    settings = default_settings(
        model, str(run), None, tiling=Tiling(size=48), reading=Reading(), max_nodata=0.5
    )
    build(tmp_path / "index", find_sources([tmp_path / "scenes"]), model, settings, num_workers=0)
    hits = harma.Index.open(tmp_path / "index").search(text="a red roof", k=2)
    assert len(hits) == 2
