"""Reading recipes: shipped ones, files, mappings, overrides, the original's configs."""

from pathlib import Path

import pytest
import yaml

from harma.comparison.plan import read_plan
from harma.errors import ConfigError, MissingFileError
from harma.methods.table import make_config
from harma.training.recipe_files import (
    open_recipe,
    read_recipe,
    recipe_from_dict,
    recipe_values,
    shipped_recipes,
)


def read(*argv):
    return read_recipe(argv, prog="harma train", description="", examples="")


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_is_valid_and_survives_yaml(name):
    recipe = recipe_from_dict(recipe_values(name))
    assert recipe_from_dict(yaml.safe_load(yaml.safe_dump(recipe.to_dict()))) == recipe


@pytest.mark.parametrize(
    ("name", "lr", "epochs", "backbone"),
    [
        ("rsitmd_vit", 4e-4, 50, "laion2b"),
        ("rsitmd_geo", 4e-6, 80, "georsclip-ret2"),
        ("rsicd_vit", 4e-4, 10, "laion2b"),
        ("rsicd_geo", 4e-6, 80, "georsclip-ret2"),
    ],
)
def test_published_recipes_are_as_published(name, lr, epochs, backbone):
    recipe = recipe_from_dict(recipe_values(name))
    assert (recipe.optim.lr, recipe.train.epochs, recipe.backbone) == (lr, epochs, backbone)
    assert recipe.data.batch_size == 2 * 214
    assert recipe.adapter.variant == "released"
    assert recipe.adapter.shared_towers == ("text",)
    assert recipe.adapter.text_attention == "full"
    assert recipe.loss.terms == {"contrastive": 1.0, "weighted_triplet": 1.0}
    assert (recipe.optim.betas, recipe.optim.weight_decay) == ((0.9, 0.98), 0.04)
    assert not recipe.schedule.exact_steps


def test_harma_plus_is_what_was_measured():
    """The row of benchmarks/ucm/plus.yaml, but for backbone, bottleneck and rate."""
    measured = read_plan(Path(__file__).parents[2] / "benchmarks" / "ucm" / "plus.yaml")
    (row,) = [row for row in measured.rows if row.name == "harma_plus"]
    theirs, ours = row.recipe, recipe_from_dict(recipe_values("harma_plus"))
    assert ours.loss.terms == theirs.loss.terms
    assert (ours.train.epochs, ours.train.average_decay) == (
        theirs.train.epochs,
        theirs.train.average_decay,
    )
    assert (ours.schedule, ours.optim.weight_decay) == (theirs.schedule, theirs.optim.weight_decay)
    for name in ("sampling", "captions_per_image", "batch_size", "augment"):
        assert getattr(ours.data, name) == getattr(theirs.data, name), name
    for name in ("variant", "shared_towers", "text_attention"):
        assert getattr(ours.adapter, name) == getattr(theirs.adapter, name), name


def test_harma_plus_lora_is_what_was_measured():
    """The row of benchmarks/ucm/folds.yaml, but for backbone and rate; harma_plus but for both."""
    measured = read_plan(Path(__file__).parents[2] / "benchmarks" / "ucm" / "folds.yaml")
    (row,) = [row for row in measured.rows if row.name == "lora, harma_plus"]
    theirs = row.recipe
    ours = recipe_from_dict(recipe_values("harma_plus_lora"))
    plus = recipe_from_dict(recipe_values("harma_plus"))
    assert ours.method == theirs.method == "lora"
    assert make_config("lora", ours.options) == make_config("lora", theirs.options)
    assert ours.loss.terms == theirs.loss.terms
    for name in ("epochs", "average_decay", "select_by"):
        assert getattr(ours.train, name) == getattr(theirs.train, name), name
    for name in ("sampling", "captions_per_image", "batch_size", "augment"):
        assert getattr(ours.data, name) == getattr(theirs.data, name), name
    assert (ours.schedule, ours.optim.weight_decay) == (theirs.schedule, theirs.optim.weight_decay)
    assert (ours.data, ours.loss, ours.train, ours.schedule, ours.backbone) == (
        plus.data,
        plus.loss,
        plus.train,
        plus.schedule,
        plus.backbone,
    )


def test_every_value_can_be_overridden():
    recipe = read(
        "rsitmd_geo",
        "--data.root",
        "d",
        "--optim.lr",
        "1e-5",
        "--loss.terms.weighted_triplet",
        "0.1",
    )
    assert (recipe.data.root, recipe.optim.lr) == ("d", 1e-5)
    assert recipe.loss.terms == {"contrastive": 1.0, "weighted_triplet": 0.1}


def test_overrides_from_python_are_those_of_the_command_line():
    changes = {
        "data.root": Path("d"),
        "data.train": ["a.json", "b.json"],
        "optim.lr": 1e-5,
        "optim.betas": (0.8, 0.9),
        "train.patience": None,
        "train.report": False,
        "loss.terms.weighted_triplet": 0.1,
        "backbone": {"embed_dim": 3},
        "init": "-odd name",
    }
    recipe = open_recipe("rsitmd_geo", changes)
    assert (recipe.data.root, recipe.data.train) == ("d", ["a.json", "b.json"])
    assert (recipe.optim.lr, recipe.optim.betas) == (1e-5, (0.8, 0.9))
    assert (recipe.train.patience, recipe.train.report) == (None, False)
    assert recipe.loss.terms == {"contrastive": 1.0, "weighted_triplet": 0.1}
    assert (recipe.backbone, recipe.init) == ({"embed_dim": 3}, "-odd name")
    # What is not named stays, and a recipe is a start like a file.
    assert recipe.train.epochs == 80
    other = open_recipe(recipe, {"loss.terms": {"triplet": 1.0}})
    assert (other.loss.terms, other.optim.lr) == ({"triplet": 1.0}, 1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optim.lrr": 1}, "optim.lrr"),
        ({"optim.lr": "fast"}, "optim.lr"),
        ({"train.epochs": 2.5}, "train.epochs"),
        ({"optim.lr": -1}, "optim.lr is -1.0; it must be greater than 0"),
    ],
)
def test_unusable_overrides_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        open_recipe("rsitmd_geo", changes)


def test_a_recipe_comes_in_every_form(tmp_path):
    (tmp_path / "mine.yaml").write_text("method: none\n")
    recipe = open_recipe({"method": "none"})
    assert open_recipe(str(tmp_path / "mine.yaml")) == open_recipe(tmp_path / "mine.yaml") == recipe
    assert open_recipe(recipe) is recipe
    assert open_recipe("rsitmd_vit") == recipe_from_dict(recipe_values("rsitmd_vit"))


def test_losses_that_a_recipe_does_not_name_are_not_in_its_sum():
    assert recipe_from_dict({"loss": {"terms": {"contrastive": 1}}}).loss.terms == {
        "contrastive": 1
    }


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["rsitmd_geo", "--optim.lrr", "1"], "lrr"),
        (["rsitmd_geo", "--optim.lr", "fast"], r"optim.lr"),
        (["rsitmd_geo", "--optim.lr", "-1"], r"optim.lr is -1.0; it must be greater than 0"),
        # Bytes of a name that are no UTF-8, as Python holds them.
        (["rsitmd_geo", "--data", "\udcff.yaml"], r"'\\udcff.yaml' is no text in UTF-8"),
        (["rsitmd_geo", "--optim.lr=\udcfe"], "is no text in UTF-8"),
        (["rsitmd_geo", "--\ud800", "1"], "is no text in UTF-8"),
        (["--optim.lr", "1"], "the first argument is the recipe: one of"),
    ],
)
def test_unusable_flags_are_named(argv, message):
    with pytest.raises(ConfigError, match=message):
        read(*argv)


def test_unknown_recipe_names_the_shipped_ones(tmp_path):
    with pytest.raises(
        MissingFileError, match="there is no recipe 'rsitmd'; shipped are .*rsitmd_geo"
    ):
        read("rsitmd")
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(ConfigError, match="holds a list; a recipe is a mapping"):
        read(str(tmp_path / "list.yaml"))
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="is not YAML"):
        read(str(tmp_path / "bad.yaml"))


@pytest.mark.parametrize("name", ["rsitmd_swin_bert", "rsicd_swin_bert"])
def test_recipes_of_dual_encoders(name):
    recipe = recipe_from_dict(recipe_values(name))
    assert (recipe.method, recipe.data.name) == ("full", name.partition("_")[0])
    assert recipe.backbone["image"]["timm"] == "swin_tiny_patch4_window7_224"
    assert recipe.loss.terms == {
        "contrastive": 1.0,
        "affiliation": {"weight": 1.0, "temperature": 0.07},
    }


@pytest.mark.parametrize(
    "text",
    [
        "model: 5",
        "train: null",
        "data: []",
        "optim: {lr: x}",
        "adapter: [1]",
        "loss: 3",
        "x: 1",
        "null",
        "- 1",
        "train: {epochs: [[1]]}",
        "data: " + "x" * 50_000,
        "'': 1",
        "'a b': 1",
        "train.epochs.x: 1",
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_name_and_without_classes(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.yaml") as raised:
        read_recipe([str(path)], prog="harma train", description="", examples="")
    said = str(raised.value)
    assert len(said) < 2500
    assert not any(sign in said for sign in ("<class", "NoneType", "functools", " at 0x"))
