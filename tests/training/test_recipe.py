"""The recipe as a record: its plain values, the methods that it names."""

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest
import yaml

from harma.cli import main
from harma.methods.table import METHODS
from harma.training.recipe import Recipe
from harma.training.recipe_checks import WITHOUT_METHOD
from harma.training.recipe_files import recipe_from_dict


def test_its_plain_values_survive_yaml():
    recipe = recipe_from_dict({"adapter": {"shared_towers": ["image", "text"]}, "method": "lora"})
    plain = yaml.safe_load(yaml.safe_dump(recipe.to_dict()))
    assert plain["optim"]["betas"] == [0.9, 0.98]
    assert recipe_from_dict(plain) == recipe


def test_it_does_not_change():
    with pytest.raises(FrozenInstanceError):
        Recipe().train.epochs = 3


def test_the_help_names_every_method(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = capsys.readouterr().out
    start = shown.index("--method METHOD")
    words = shown[start : shown.index("--backbone")].replace(",", " ").split()
    assert {*METHODS, *WITHOUT_METHOD} <= set(words)


def test_it_needs_no_torch():
    code = "import sys, harma.training.recipe_files; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_recipe_that_states_nothing():
    """The published settings, and the limits that nobody asked to change."""
    plain = Recipe().to_dict()
    optim = plain["optim"]
    assert (optim["name"], optim["lr"], optim["eps"]) == ("adamw", 4e-4, 1e-8)
    assert (optim["weight_decay"], optim["decay_scalars"]) == (0.04, True)
    assert plain["schedule"] == {"name": "linear", "warmup": 0.1, "exact_steps": True}
    data = plain["data"]
    assert (data["batch_size"], data["eval_batch_size"], data["max_words"]) == (214, 128, 30)
    assert (data["sampling"], data["captions_per_image"]) == ("captions", 1)
    assert (data["augment"], data["spread_labels"], data["cache"]) == (True, False, "none")
    assert data["empty_captions"] == "error"
    loss = plain["loss"]
    assert (loss["temperature"], loss["train_temperature"], loss["view_dropout"]) == (
        0.07,
        True,
        0.2,
    )
    train = plain["train"]
    assert (train["epochs"], train["seed"], train["log_every"]) == (10, 3407, 10)
    assert (train["validate_every"], train["select_on"], train["evaluate_on"]) == (1, "val", "test")
    assert (train["select_by"], train["precision"]) == ("mR", "float32")
    assert (train["devices"], train["num_nodes"]) == (1, 1)
    for off in ("gradient_checkpointing", "compile", "tensorboard"):
        assert train[off] is False
    assert train["report"] is True
    assert (plain["method"], plain["backbone"], plain["download"]) == ("harma", "laion2b", False)
    assert plain["output"] == "runs/latest"
