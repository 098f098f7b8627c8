"""Reading a comparison: what rows become, and every error."""

import pytest
import yaml

from harma.comparison.plan import Overrides, make_plan, read_plan, shipped_comparisons
from harma.comparison.published import published_rows, published_sets
from harma.errors import ConfigError, MissingFileError


def test_rows_change_sections_one_level_deep(make):
    plan = make(
        {
            "harma": None,
            "small": {"adapter": {"bottleneck_dim": 32}, "loss": {"terms": {"triplet": 0.1}}},
            "none": None,
            "low rank": {"method": "lora", "options": {"rank": 4}},
            "full": {"learning_rates": ["1e-5"]},
        },
        seeds=[5, 6],
        learning_rates=[0.001, 0.01],
    )
    harma, small, none, lora, full = plan.rows
    assert (small.recipe.adapter.bottleneck_dim, small.recipe.adapter.num_heads) == (32, 2)
    assert small.recipe.loss.terms == {"triplet": 0.1}, "terms are replaced, not merged"
    assert harma.recipe.loss.terms == {"contrastive": 1.0}
    assert (lora.recipe.method, lora.recipe.options, lora.folder) == (
        "lora",
        {"rank": 4},
        "low-rank",
    )
    assert (full.recipe.method, full.rates) == ("full", (1e-5,))
    assert harma.rates == (0.001, 0.01)
    assert harma.seeds == (5, 6)
    assert (none.seeds, len(none.rates)) == ((5,), 1), "the bare backbone is one run"
    assert {(row.recipe.train.evaluate_on, row.recipe.train.report) for row in plan.rows} == {
        ("val", False)
    }
    assert plan.reference == "harma"


def test_options_of_another_method_do_not_pass_to_a_row(make):
    plan = make({"lora": None, "harma": None}, recipe={"method": "lora", "options": {"rank": 4}})
    assert [row.recipe.options for row in plan.rows] == [{"rank": 4}, {}]


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


ERRORS = [
    ({"methodz": {}}, "unknown key methodz; allowed are recipe, methods"),
    ({"methods": {}}, "methods is {}; it must be a mapping"),
    ({"methods": ["harma"]}, "must be a mapping of row names"),
    ({"methods": {"harma": 3}}, "methods: harma is 3; it must be a mapping"),
    ({"methods": {"harma": {"optimm": {}}}}, "methods: harma: the row has the unknown key optimm"),
    ({"methods": {"x": {"method": "loraa"}}}, "methods: x: method is 'loraa'; allowed are harma"),
    ({"methods": {"harma": {"optim": {"lrr": 1}}}}, "methods: harma: the recipe cannot be used"),
    (
        {"methods": {"lora": {"options": {"rnk": 1}}}},
        "methods: lora: method lora has no option rnk",
    ),
    (
        {"methods": {"x": {"loss": {"terms": {"contrastif": 1}}}}},
        "methods: x: loss.terms is 'contrastif'",
    ),
    (
        {"methods": {"lora": {"method": "full"}}},
        "methods: lora: its method is full; a row with the name",
    ),
    (
        {"methods": {"lora": {"adapter": {"num_heads": 2}}}},
        "methods: lora: adapter has options of HarMA",
    ),
    ({"methods": {"x": {"train": {"seed": 1}}}}, "train.seed is set by the comparison"),
    (
        {"methods": {"x": {"train": {"select_on": "test"}}}},
        "train.select_on is test; models are compared by",
    ),
    (
        {"methods": {"x": {"optim": {"lr": 1}}}, "learning_rates": [1]},
        "optim.lr and learning_rates are both",
    ),
    (
        {"methods": {"x": {"data": {"max_words": 3}}, "harma": {}}},
        "harma: data.max_words is 30, that of x is 3",
    ),
    ({"methods": {"a b": {}, "a/b": {}}}, r"'a b' and 'a/b' have one name on disk \(a-b\)"),
    ({"methods": {"?": {}}}, "'\\?' has no letters or digits"),
    ({"seeds": []}, r"seeds is \[\]; it must be a list"),
    ({"seeds": [1, 1]}, "seeds has 1 twice"),
    ({"seeds": [-1]}, "seeds has -1; a seed is a whole number"),
    ({"learning_rates": 0.1}, "learning_rates is 0.1; it must be a list"),
    ({"learning_rates": [0]}, "learning_rates has 0; a learning rate is a number above 0"),
    ({"learning_rates": ["fast"]}, "learning_rates has 'fast'"),
    ({"budget": {"hours": 1}}, "budget is {'hours': 1}; give {epochs: N} or {minutes: M}"),
    ({"budget": {"epochs": 0}}, "budget.epochs is 0; it must be a whole number"),
    ({"budget": {"minutes": -1}}, "budget.minutes is -1; it must be a number above 0"),
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
    with pytest.raises(ConfigError, match="holds list; a comparison is a mapping"):
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


def test_published_figures_are_the_mean_of_their_recalls():
    assert published_sets() == ("rsicd", "rsitmd", "ucm")
    for name in published_sets():
        for row in published_rows(name):
            assert row.source
            assert not row.recalls or abs(sum(row.recalls) / 6 - row.mean_recall) < 0.02, (
                name,
                row.method,
            )
