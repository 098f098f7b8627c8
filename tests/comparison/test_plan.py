"""Reading a comparison: files, overrides, what is missing."""

import pytest
import yaml

from harma.comparison.plan import Overrides, make_plan, read_plan, shipped_comparisons
from harma.errors import ConfigError, MissingFileError


def test_flags_change_the_base_recipe_and_budget_its_epochs(make):
    plan = make({"harma": None}, flags=["--data.batch_size", "6"], budget={"epochs": 7})
    assert (plan.rows[0].recipe.data.batch_size, plan.rows[0].recipe.train.epochs) == (6, 7)
    assert make({"harma": None}, budget={"minutes": 2}).minutes == 2


def test_files_name_recipes_from_where_they_are_and_come_back(make, base, tmp_path):
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base))
    (tmp_path / "c.yaml").write_text(
        "recipe: base.yaml\nmethods: {harma: , lora: {learning_rates: [1.0e-3, 2.0e-3]}}\n"
    )
    plan = read_plan(
        tmp_path / "c.yaml",
        Overrides(seeds=[4, 5], rates=[0.1], jobs=2, output=str(tmp_path / "o")),
    )
    assert [row.rates for row in plan.rows] == [(0.1,), (0.001, 0.002)]
    assert (plan.rows[0].seeds, plan.jobs, plan.output) == ((4, 5), 2, tmp_path / "o")
    again = make_plan(plan.to_dict(), name="c")
    assert again.rows[1].rates == plan.rows[1].rates
    assert [row.recipe.method for row in again.rows] == ["harma", "lora"]
    assert again.rows[1].seeds == plan.rows[1].seeds


def test_a_recipe_of_the_command_line_is_named_from_where_one_is(base, tmp_path, monkeypatch):
    for folder, words in ((".", 11), ("plans", 22)):
        (tmp_path / folder).mkdir(exist_ok=True)
        values = {**base, "data": {**base["data"], "max_words": words}}
        (tmp_path / folder / "base.yaml").write_text(yaml.safe_dump(values))
    file = tmp_path / "plans" / "c.yaml"
    file.write_text("recipe: base.yaml\nmethods: {harma: }\n")
    monkeypatch.chdir(tmp_path)
    assert read_plan(file).base.data.max_words == 22, "beside the file that names it"
    assert read_plan(file, Overrides(recipe="base.yaml")).base.data.max_words == 11


def test_what_the_command_line_does_not_say_is_as_in_the_file():
    assert Overrides().values() == {}
    assert Overrides(seeds=(1,), rates=(), jobs=3).values() == {
        "seeds": [1],
        "learning_rates": [],
        "jobs": 3,
    }


def test_a_plan_comes_back_as_it_was(make):
    plan = make(
        {"none": None, "harma": None, "small": {"adapter": {"bottleneck_dim": 32}}},
        seeds=[3, 4],
        learning_rates=[0.1, 0.2],
        budget={"minutes": 2},
        published="ucm",
        reference="small",
        jobs=2,
    )
    values = plan.to_dict()
    assert "output" not in values["recipe"]
    assert values["methods"]["none"] == {}
    assert make_plan(values, name="test") == plan.__class__(
        **{**vars(plan), "changes": values["methods"]}
    )


ERRORS = [
    ({"methodz": {}}, "unknown key methodz; allowed are recipe, methods"),
    ({"methods": {}}, "methods is {}; it must be a mapping"),
    ({"methods": ["harma"]}, "must be a mapping of row names"),
    ({"seeds": []}, r"seeds is \[\]; it must be a list"),
    ({"learning_rates": 0.1}, "learning_rates is 0.1; it must be a list"),
    ({"budget": {"epochs": 0}}, "budget.epochs is 0; it must be a whole number"),
    ({"reference": "lora"}, "reference is 'lora'; the rows are harma"),
    ({"published": "coco"}, "published is 'coco'; allowed are rsicd, rsitmd, ucm"),
    ({"jobs": 0}, "jobs is 0; it must be a whole number from 1"),
    ({"recipe": 3}, "recipe is 3; give a shipped recipe"),
]


@pytest.mark.parametrize(("values", "message"), ERRORS)
def test_what_cannot_be_used_is_named(base, values, message):
    with pytest.raises(ConfigError, match=message):
        make_plan({"recipe": base, "methods": {"harma": None}, **values}, name="x")


def test_what_is_missing_is_named(base, tmp_path):
    with pytest.raises(ConfigError, match="has no methods"):
        make_plan({"recipe": base}, name="x")
    with pytest.raises(
        MissingFileError, match=r"there is no comparison 'nowhere'; shipped are harma_attention"
    ):
        read_plan("nowhere")
    with pytest.raises(MissingFileError, match="there is no recipe 'rsitmdd'"):
        make_plan({"recipe": "rsitmdd", "methods": {"harma": None}}, name="x")
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(ConfigError, match="holds a list; a comparison is a mapping"):
        read_plan(tmp_path / "list.yaml")
    with pytest.raises(ConfigError, match="--optim.lr and learning_rates are both given"):
        make_plan(
            {"recipe": base, "methods": {"harma": None}, "learning_rates": [1]},
            name="x",
            flags=["--optim.lr=1"],
        )
    with pytest.raises(ConfigError, match="there is no row 'lora'; the rows are harma"):
        make_plan({"recipe": base, "methods": {"harma": None}}, name="x").row("lora")


@pytest.mark.parametrize("name", shipped_comparisons())
def test_shipped_comparisons_can_be_read(name):
    plan = read_plan(name)
    assert len(plan.rows) > 1
    assert all(row.seeds == (1, 2, 3) for row in plan.rows if row.trains)
