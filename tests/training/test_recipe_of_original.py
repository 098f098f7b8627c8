"""Recipes from the original HarMA's configs."""

import json

import pytest
import yaml

from harma.errors import ConfigError, MissingFileError
from harma.training.recipe import Recipe
from harma.training.recipe_files import read_recipe

ORIGINAL = {
    "train_file": ["data/rsitmd_train.json"],
    "val_file": "data/rsitmd_val.json",
    "test_file": "data/rsitmd_test.json",
    "image_root": "images/rsitmd",
    "image_res": 224,
    "batch_size_train": 107,
    "batch_size_test": 64,
    "batch_size_test_text": 64,
    "embed_dim": 512,
    "temp1": 0.05,
    "temp2": 0.1,
    "model": "geo",
    "is_harma": True,
    "optimizer": {"opt": "adamW", "lr": "4e-6", "weight_decay": 0.04, "lr_mult": 2},
    "schedular": {"sched": "linear", "epochs": 80, "num_warmup_steps": 0.1},
    "save_epoch": True,
}


def read(*argv):
    return read_recipe(argv, prog="harma train", description="", examples="")


def original(tmp_path, **changes):
    path = tmp_path / "Retrieval_rsitmd_geo.yaml"
    path.write_text(yaml.safe_dump({**ORIGINAL, **changes}))
    return str(path)


def test_the_originals_configs_are_read(tmp_path, caplog):
    recipe = read(original(tmp_path))
    assert isinstance(recipe, Recipe)
    assert recipe.optim.lr == 4e-6
    assert recipe.backbone == "georsclip-ret2"
    assert (recipe.data.images, recipe.data.train) == ("images/rsitmd", ["data/rsitmd_train.json"])
    assert (recipe.data.batch_size, recipe.loss.temperature, recipe.train.epochs) == (107, 0.05, 80)
    assert recipe.adapter.variant == "released"
    assert "no effect, as in the original: save_epoch, optimizer.lr_mult" in caplog.text


@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        (
            {"use_affil_loss": True, "center_factor": 0.5},
            {"contrastive": 1.0, "affiliation": {"weight": 0.5, "temperature": 0.1}},
        ),
        ({"use_triplet_loss": True}, {"triplet": 1.0}),
        ({"is_harma": False}, {"contrastive": 1.0}),
        ({"is_harma": False, "use_triplet_loss": True}, {"triplet": 1.0}),
        (
            {"is_harma": False, "use_affil_loss": True},
            {"contrastive": 1.0, "affiliation": {"weight": 1.0, "temperature": 0.1}},
        ),
    ],
)
def test_the_originals_loss_switches(tmp_path, changes, terms):
    assert read(original(tmp_path, **changes)).loss.terms == terms


def test_the_originals_dual_encoders(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    vision = {
        "ckpt": "swin.pth",
        "vision_width": 64,
        "image_res": 96,
        "window_size": 3,
        "embed_dim": 32,
        "depths": [1, 2],
        "num_heads": [2, 4],
    }
    (tmp_path / "swin.json").write_text(json.dumps(vision))
    (tmp_path / "bert.json").write_text(
        '{"hidden_size": 64, "layer_norm_eps": 1e-12, "fusion_layer": 6}'
    )
    recipe = read(
        original(
            tmp_path,
            is_harma=False,
            image_res=96,
            embed_dim=256,
            use_swin=True,
            patch_size=32,
            vision_config="swin.json",
            text_config="bert.json",
            text_encoder="data/bert",
        )
    )
    assert recipe.method == "full"
    assert recipe.backbone == {
        "image": {
            "timm": "swin_tiny_patch4_window7_224",
            "weights": "swin.pth",
            "img_size": 96,
            "window_size": 3,
            "embed_dim": 32,
            "depths": [1, 2],
            "num_heads": [2, 4],
        },
        "text": {
            "transformers": {"hidden_size": 64, "layer_norm_eps": 1e-12},
            "weights": "data/bert",
            "tokenizer": "data/bert",
        },
        "embed_dim": 256,
        "preprocess": {
            "mean": [0.48145466, 0.4578275, 0.40821073],
            "std": [0.26862954, 0.26130258, 0.27577711],
        },
    }
    assert recipe.loss.terms == {"contrastive": 1.0}
    assert "no effect: fusion_layer" in caplog.text
    assert "no effect, as in the original: model, save_epoch" in caplog.text


def test_the_originals_vit_and_the_folder_of_its_text_encoder(tmp_path, caplog):
    recipe = read(
        original(tmp_path, is_harma=False, use_swin=False, patch_size=16, text_encoder="data/bert")
    )
    assert recipe.backbone["image"] == {"timm": "vit_small_patch16_224", "weights": None}
    assert recipe.backbone["text"] == {"transformers": "data/bert", "weights": "pretrained"}
    assert "vision_config names no ckpt; the image tower is untrained" in caplog.text


def test_configs_that_are_not_there_are_named(tmp_path):
    with pytest.raises(MissingFileError, match="vision_config is nowhere.json, which is not there"):
        read(original(tmp_path, is_harma=False, vision_config="nowhere.json"))
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ConfigError, match="bad.json: it is not JSON"):
        read(original(tmp_path, is_harma=False, text_config=str(tmp_path / "bad.json")))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": 1}, r"unknown: \['lr'\]"),
        ({"model": "big"}, "model is 'big'; allowed are vit, geo"),
        ({"image_res": 336}, "image_res is 336; the original's CLIP models take 224 only"),
        ({"batch_size_train": "many"}, "batch_size_train is 'many'; it must be a whole number"),
        ({"schedular": {"epoch": 3}}, r"schedular has unknown keys \['epoch'\]"),
        ({"optimizer": 3}, "optimizer is 3; it must be a mapping"),
        ({"is_harma": "no"}, "is_harma is 'no'; it must be true or false"),
        (
            {"is_harma": False, "optimizer": {"opt": "sgd"}},
            "the original's dual encoders take 'adamw' only",
        ),
        (
            {"is_harma": False, "patch_size": 8},
            r"patch_size is 8; allowed are 32 \(Swin-T\) and 16",
        ),
        (
            {"is_harma": False, "use_swin": True, "patch_size": 16},
            "use_swin is True with patch_size 16",
        ),
        (
            {"is_harma": False, "vision_config": {"ckp": "x"}},
            r"vision_config has unknown keys \['ckp'\]",
        ),
        (
            {"is_harma": False, "vision_config": 3},
            "vision_config is 3; it must be a mapping or the path",
        ),
        (
            {"is_harma": False, "vision_config": {"image_res": 384}},
            "image_res is 224, in vision_config 384",
        ),
        (
            {"is_harma": False, "vision_config": {"vision_width": 512}},
            "vision_width is 512, but .* ends with 768",
        ),
    ],
)
def test_unusable_original_configs_are_named(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        read(original(tmp_path, **changes))
