"""Cutting a recipe into parts: what does not fit is named before anything is trained."""

import json
import shutil
from types import SimpleNamespace

import pytest
from tests.training.runs import adapter_weights, last_state, trained

from harma.errors import ConfigError, DataError, MissingFileError, TrainingError
from harma.training.cut import check_alike

VIEW_NAMES = {"contrastive": 1.0, "intra_modal_triplet": 0.1}


@pytest.fixture
def without_labels(tiny_data, tmp_path):
    """Options of data whose training annotations have no labels."""
    rows = json.loads((tiny_data / "train.json").read_text())
    named = ("caption", "image", "image_id")
    bare = [{key: row[key] for key in named} for row in rows]
    (tmp_path / "train.json").write_text(json.dumps(bare))
    return {"train": [str(tmp_path / "train.json")]}


def test_losses_that_take_labels_are_named_where_there_are_none(make_recipe, without_labels):
    terms = {"contrastive": 1.0, "affiliation": 0.5}
    recipe = make_recipe(data=without_labels, loss={"terms": terms})
    message = r"have no labels, which .* without: --loss.terms.affiliation 0$"
    with pytest.raises(ConfigError, match=message):
        trained(recipe)
    terms = {"contrastive": 1.0, "affiliation": 0}
    recipe = make_recipe("b", data=without_labels, loss={"terms": terms})
    assert (trained(recipe) / "metrics.json").is_file()


def test_labels_that_are_not_there_cannot_be_spread(make_recipe, without_labels):
    data = {**without_labels, "spread_labels": True}
    with pytest.raises(ConfigError, match=r"without: --data.spread_labels false$"):
        trained(make_recipe(data=data))


def test_second_views_and_gradient_checkpointing_exclude_each_other(make_recipe):
    recipe = make_recipe(loss={"terms": VIEW_NAMES}, train={"gradient_checkpointing": True})
    message = "second views, which train.gradient_checkpointing cannot serve"
    with pytest.raises(ConfigError, match=message):
        trained(recipe)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"batch_size": 64}}, "48 items, fewer than one batch of 64 × 1 processes"),
        ({"loss": {"terms": {"contrastif": 1.0}}}, "loss.terms is 'contrastif'; allowed are"),
        (
            {"loss": {"terms": {"triplet": {"margn": 1}}}},
            "loss.terms.triplet has no option margn; allowed are weight",
        ),
        ({"optim": {"name": "x.y"}}, "optim.name is 'x.y', which cannot be imported"),
        ({"schedule": {"name": "cubic"}}, "schedule.name is 'cubic'; allowed are linear"),
        ({"train": {"metrics": ["x.y"]}}, "train.metrics is 'x.y', which cannot be imported"),
        ({"train": {"precision": "fp16"}}, "fp16, which needs a GPU"),
        ({"data": {"name": "rsitmd"}}, r"data\.root is not set"),
        ({"method": "harmony"}, "method is 'harmony'; allowed are harma, .*lora.*, full, none, or"),
        ({"method": "lora", "options": {"rnk": 4}}, "method lora has no option rnk"),
    ],
)
def test_a_recipe_that_does_not_fit_is_named_and_leaves_no_run_behind(
    make_recipe, tmp_path, changes, message
):
    with pytest.raises(ConfigError, match=message):
        trained(make_recipe(**changes))
    assert not (tmp_path / "run" / "recipe.yaml").exists()


def test_the_directory_of_a_recipe_that_failed_can_be_used(make_recipe):
    with pytest.raises(ConfigError):
        trained(make_recipe(loss={"terms": {"contrastve": 1.0}}))
    trained(make_recipe(train={"epochs": 1}))


def test_a_missing_image_is_named_before_training(make_recipe, tiny_data, tmp_path):
    rows = json.loads((tiny_data / "train.json").read_text())
    rows[3]["image"] = "gone.png"
    rows[3]["image_id"] = 99
    (tmp_path / "broken.json").write_text(json.dumps(rows))
    data = {"root": str(tiny_data), "train": [str(tmp_path / "broken.json")]}
    with pytest.raises((MissingFileError, DataError), match=r"gone.png"):
        trained(make_recipe(data=data))


def test_a_temperature_that_no_loss_takes_does_not_train(make_recipe):
    run = trained(make_recipe(loss={"terms": {"triplet": 1.0}}, train={"epochs": 1}))
    assert adapter_weights(run)["temperature"] == pytest.approx(0.07)
    assert "temperature" not in last_state(run)["model"]


def test_none_needs_no_validation_split(make_recipe, tiny_data, tmp_path):
    description = (tiny_data / "data.yaml").read_text().replace("val: val.json\n", "")
    description = description.replace("images: images", f"images: {tiny_data / 'images'}")
    for name in ("train.json", "test.json"):
        shutil.copy(tiny_data / name, tmp_path / name)
    (tmp_path / "two.yaml").write_text(description)
    run = trained(make_recipe(method="none", data={"name": str(tmp_path / "two.yaml")}))
    assert "select_on" not in json.loads((run / "metrics.json").read_text())


def test_processes_of_other_data_or_weights_do_not_begin():
    made_from = {"backbone": "", "train": "a", "val": "b"}
    fabric = SimpleNamespace(global_rank=3, broadcast=lambda value: made_from)
    check_alike(fabric, made_from)
    message = r"rank 3 on \S+ has another backbone and val than the first process \(rank 0\)"
    with pytest.raises(TrainingError, match=message):
        check_alike(fabric, {**made_from, "backbone": "c", "val": "d"})
