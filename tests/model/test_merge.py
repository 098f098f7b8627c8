"""Merged models: the same embeddings as the runs, in plain open_clip; soups, scales, refusals."""

import json

import open_clip
import pytest
import torch
from tests.methods.adapted import TEXTS, adapted, embeddings, perturbed
from torch import nn

from harma.backbones import load_backbone
from harma.cli import main
from harma.errors import ConfigError, WeightsError
from harma.model.caption_memory import remember
from harma.model.fingerprint import model_id
from harma.model.merge import merge, merge_into
from harma.model.saved import describe, load, save, save_model

LINEAR = ["lora", "linear", "bitfit"]
PIXELS = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def start(tiny_config, tmp_path):
    torch.manual_seed(0)
    load_backbone({**tiny_config, "quick_gelu": True}).save(tmp_path / "start")
    return tmp_path / "start"


def run(start, method, directory, seed=0):
    """A trained run of a method, kept."""
    torch.manual_seed(seed)
    model = perturbed(adapted(load_backbone(start), method))
    with torch.no_grad():
        model.temperature.fill_(0.05 + 0.01 * seed)
        for parameter in model.attachment.state().values():
            parameter.add_(0.02 * torch.randn(parameter.shape))
    save(model, directory, about={"metrics": {"mR": 12.5, "split": "val"}})
    return load(directory)


def close(model, other, atol=1e-6):
    for ours, theirs in zip(embeddings(model, PIXELS), embeddings(other, PIXELS), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=atol)


@pytest.mark.parametrize("method", LINEAR)
def test_merged_equals_unmerged_and_opens_in_plain_open_clip(start, method, tmp_path):
    trained = run(start, method, tmp_path / "run")
    merged = merge_into(tmp_path / "merged", [tmp_path / "run"])
    assert merged.adapters is None
    assert merged.num_parameters() == load(start).num_parameters()
    close(merged, trained)
    bare = load(start)
    assert not torch.allclose(embeddings(merged, PIXELS)[0], embeddings(bare, PIXELS)[0], atol=1e-3)
    theirs, _, _ = open_clip.create_model_and_transforms(f"local-dir:{tmp_path / 'merged'}")
    with torch.no_grad():
        images = nn.functional.normalize(theirs.eval().encode_image(PIXELS), dim=-1)
        texts = nn.functional.normalize(theirs.encode_text(trained.tokenize(TEXTS)), dim=-1)
    torch.testing.assert_close(images, embeddings(trained, PIXELS)[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(texts, embeddings(trained, PIXELS)[1], rtol=0, atol=1e-6)
    assert float(theirs.logit_scale.exp().detach()) == pytest.approx(
        1 / float(trained.temperature.detach()), rel=1e-5
    )


def test_the_card_and_the_facts_say_what_was_merged(start, tmp_path):
    run(start, "lora", tmp_path / "run")
    merged = merge_into(tmp_path / "merged", [tmp_path / "run"])
    facts = describe(tmp_path / "merged")
    assert facts["merged"] == {"runs": [str(tmp_path / "run")], "scale": 1.0}
    assert facts["metrics"]["mR"] == 12.5
    assert facts["backbone"]["weights_hash"] == merged.backbone.weights_hash()
    card = (tmp_path / "merged" / "README.md").read_text()
    assert f"Merged from `{tmp_path / 'run'}` at scale 1" in card
    assert model_id(load(tmp_path / "merged")) == model_id(merged)
    # Weaker, the figures of the run do not hold.
    merge_into(tmp_path / "weaker", [tmp_path / "run"], scale=0.5)
    assert "metrics" not in describe(tmp_path / "weaker")


def test_scales_lead_from_the_backbone_to_the_run_and_beyond(start, tmp_path):
    run(start, "lora", tmp_path / "run")
    bare = load(start)
    close(merge([tmp_path / "run"], scale=0.0), bare)
    before = bare.backbone.weights()
    once = merge([tmp_path / "run"]).backbone.weights()
    twice = merge([tmp_path / "run"], scale=2.0).backbone.weights()
    for name, value in before.items():
        if "logit_scale" not in name:
            torch.testing.assert_close(
                twice[name] - value, 2 * (once[name] - value), rtol=1e-4, atol=1e-6
            )


def test_a_soup_is_the_mean_of_updates_of_any_methods(start, tmp_path):
    runs = [run(start, "lora", tmp_path / "lora", 1), run(start, "bitfit", tmp_path / "bitfit", 2)]
    soup = merge([tmp_path / "lora", tmp_path / "bitfit"])
    single = [merge([tmp_path / name]).backbone.weights() for name in ("lora", "bitfit")]
    for name, value in soup.backbone.weights().items():
        if "logit_scale" in name:
            continue
        mean = (single[0][name].double() + single[1][name].double()) / 2
        torch.testing.assert_close(value.double(), mean, rtol=0, atol=1e-6)
    product = float(runs[0].temperature.detach()) * float(runs[1].temperature.detach())
    assert float(soup.temperature.detach()) == pytest.approx(product**0.5, rel=1e-5)


def test_whole_models_are_merged_by_what_they_differ_from_their_start(start, tmp_path):
    trained = load(start)
    with torch.no_grad():
        for parameter in trained.backbone.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape))
    save_model(trained, tmp_path / "full")
    close(merge([tmp_path / "full"], backbone=f"local-dir:{start}"), trained)
    run(start, "lora", tmp_path / "lora")
    merge([tmp_path / "full", tmp_path / "lora"], backbone=f"local-dir:{start}")
    with pytest.raises(
        ConfigError, match=r"is a whole model, .*; say with backbone= \(--backbone\)"
    ):
        merge([tmp_path / "full"])


@pytest.mark.parametrize("method", ["harma", "bottleneck", "mrs-adapter", "clip-adapter"])
def test_methods_that_are_no_sum_with_the_weights_are_refused_by_name(start, method, tmp_path):
    run(start, method, tmp_path / "run")
    with pytest.raises(ConfigError, match=f"method {method}, whose effect is no sum.*lora, linear"):
        merge([tmp_path / "run"])


def test_runs_of_other_backbones_are_refused(start, tiny_config, tmp_path):
    run(start, "lora", tmp_path / "a")
    load_backbone(tiny_config).save(tmp_path / "other")
    run(tmp_path / "other", "lora", tmp_path / "b")
    with pytest.raises(WeightsError, match="were trained on different backbones; a soup is made"):
        merge([tmp_path / "a", tmp_path / "b"])
    tiny_config["vision_cfg"]["width"] = 64
    load_backbone(tiny_config).save(tmp_path / "wide")
    with pytest.raises(WeightsError, match="different architectures: they differ in .*visual"):
        merge([tmp_path / "wide"], backbone=f"local-dir:{start}")


@pytest.mark.parametrize(
    ("runs", "scale", "message"),
    [([], 1.0, "there is nothing to merge"), (["x"], float("nan"), "scale is nan")],
)
def test_what_cannot_be_meant(runs, scale, message):
    with pytest.raises(ConfigError, match=message):
        merge(runs, scale=scale)


def test_captions_come_along(start, tmp_path):
    trained = run(start, "lora", tmp_path / "run")
    trained.captions = remember(trained, ["a river", "two planes"])
    save(trained, tmp_path / "run")
    merged = merge_into(tmp_path / "merged", [tmp_path / "run"])
    assert merged.captions.captions == ("a river", "two planes")
    weaker = merge([tmp_path / "run"], scale=0.5)
    assert weaker.captions.captions == merged.captions.captions
    again = remember(weaker, ["a river", "two planes"])
    assert (weaker.captions.embeddings == again.embeddings).all()


def test_a_dual_encoder_stays_one(tiny_dual, tmp_path):
    torch.manual_seed(0)
    backbone = load_backbone(tiny_dual)
    model = perturbed(adapted(backbone, "lora"))
    save(model, tmp_path / "run")
    close_texts = model.tokenize(["a red roof", "green"])
    merged = merge_into(tmp_path / "merged", [tmp_path / "run"])
    with torch.no_grad():
        ours, theirs = merged.encode_text(close_texts), model.encode_text(close_texts)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_the_verb(start, tmp_path, capsys):
    run(start, "lora", tmp_path / "run")
    output = tmp_path / "merged"
    assert main(["merge", str(tmp_path / "run"), "--output", str(output)]) == 0
    told = capsys.readouterr().out
    assert told == f"1 run merged into {output}, fingerprint {model_id(load(output))}\n"
    config = json.loads((output / "open_clip_config.json").read_text())
    assert config["model_cfg"]["quick_gelu"] is True
    assert main(["merge", str(tmp_path / "nothing"), "--output", str(output)]) == 2
