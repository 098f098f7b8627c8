"""Configs of the original, translated value by value."""

import subprocess
import sys
from pathlib import Path

import pytest

from harma.errors import ConfigError
from harma.original.config import is_original_config, recipe_of_original

FILE = Path("Retrieval.yaml")
FILES = {"train_file": ["a.json"], "val_file": "v.json", "test_file": "t.json", "image_root": "i"}


def recipe(**changes):
    return recipe_of_original({**FILES, **changes}, FILE)


def test_what_a_config_does_not_say_is_as_in_the_original():
    assert recipe() == {
        "method": "harma",
        "backbone": "laion2b",
        "adapter": {"variant": "released", "shared_towers": ["text"], "text_attention": "full"},
        "data": {
            "name": "harma-json",
            "root": ".",
            "images": "i",
            "train": ["a.json"],
            "val": "v.json",
            "test": "t.json",
            "batch_size": 214,
            "eval_batch_size": 128,
        },
        "loss": {"temperature": 0.07, "terms": {"contrastive": 1.0, "weighted_triplet": 1.0}},
        "optim": {"name": "adamw", "lr": 4e-4, "weight_decay": 0.04},
        "schedule": {"name": "linear", "warmup": 0.1, "exact_steps": False},
        "train": {"epochs": 10},
    }


def test_every_number_goes_to_its_place_and_may_be_text():
    translated = recipe(
        train_file="b.json",
        model="geo",
        batch_size_train="16",
        batch_size_test=32,
        temp1=0.1,
        optimizer={"opt": "AdamW", "lr": "4e-6", "weight_decay": "1e-2", "lr_mult": 1},
        schedular={"sched": "linear", "epochs": 80, "num_warmup_steps": 7},
    )
    assert translated["backbone"] == "georsclip-ret2"
    assert translated["data"]["train"] == ["b.json"]
    assert (translated["data"]["batch_size"], translated["data"]["eval_batch_size"]) == (16, 32)
    assert translated["loss"]["temperature"] == 0.1
    assert translated["optim"] == {"name": "adamw", "lr": 4e-6, "weight_decay": 0.01}
    assert translated["schedule"]["warmup"] == 7
    assert translated["train"] == {"epochs": 80}


@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        (
            {"use_affil_loss": True, "use_triplet_loss": True, "center_factor": 2, "temp2": 0.3},
            {"contrastive": 1.0, "affiliation": {"weight": 2, "temperature": 0.3}},
        ),
        (
            {"use_affil_loss": True},
            {"contrastive": 1.0, "affiliation": {"weight": 1, "temperature": 0.07}},
        ),
        ({"use_triplet_loss": True}, {"triplet": 1.0}),
        ({"is_harma": False}, {"contrastive": 1.0}),
    ],
)
def test_switches_of_the_losses(changes, terms):
    assert recipe(**changes)["loss"]["terms"] == terms


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size_train": 2.5}, "batch_size_train is 2.5; it must be a whole number"),
        ({"batch_size_train": True}, "batch_size_train is True; it must be a whole number"),
        ({"batch_size_test": "many"}, "batch_size_test is 'many'; it must be a whole number"),
        ({"temp1": [1]}, r"temp1 is \[1\]; it must be a number"),
        ({"optimizer": {"lr": "fast"}}, r"optimizer\.lr is 'fast'; it must be a number"),
        ({"schedular": {"epochs": None}}, r"schedular\.epochs is None; it must be a whole number"),
        ({"schedular": {"epochs": "inf"}}, r"schedular\.epochs is 'inf'; it must be a whole"),
        ({"model": "resnet"}, "model is 'resnet'; allowed are vit, geo"),
        ({"optimizer": {"opt": "sgd"}}, "optimizer.opt is 'sgd'; the original's CLIP models take"),
        ({"embed_dim": 256}, "embed_dim is 256; the original's CLIP models take 512 only"),
        ({"is_harma": 1}, "is_harma is 1; it must be true or false"),
        ({"optimizer": 3}, "optimizer is 3; it must be a mapping with lr, lr_mult, opt"),
        ({"schedular": {"warm": 1}}, r"schedular has unknown keys \['warm'\]; allowed are epochs"),
        ({"epochs": 3}, r"unknown: \['epochs'\], missing: \[\]; allowed are batch_size_test"),
    ],
)
def test_values_that_cannot_be_used_are_named_with_their_file(changes, message):
    with pytest.raises(ConfigError, match=f"Retrieval.yaml: .*{message}"):
        recipe(**changes)


def test_what_is_missing_is_named():
    with pytest.raises(ConfigError, match=r"missing: \['image_root', 'test_file', 'val_file'\]"):
        recipe_of_original({"train_file": []}, FILE)


def test_keys_without_effect_are_named(caplog):
    recipe(resnet_ckpt="x", use_swin=True, optimizer={"lr_mult": 2}, schedular={"lr": 1})
    assert (
        "no effect, as in the original: resnet_ckpt, use_swin, optimizer.lr_mult, schedular.lr"
    ) in caplog.text
    caplog.clear()
    recipe()
    assert not caplog.text


def test_a_recipe_of_ours_is_told_from_one_of_theirs():
    assert is_original_config({"train_file": 1})
    assert is_original_config({"schedular": 1})
    assert not is_original_config({"data": {"train_file": 1}, "schedule": {}})


def test_configs_are_read_without_torch():
    code = (
        "import pathlib, sys; from harma.original.config import recipe_of_original;"
        f" recipe_of_original({ {**FILES, 'is_harma': False}!r}, pathlib.Path('a.yaml'));"
        " assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
