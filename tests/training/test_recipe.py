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
