"""What rows of a comparison become, and every error."""

import pytest

from harma.comparison.plan_rows import METHOD_NAMES
from harma.errors import ConfigError


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


def test_a_row_with_the_name_of_a_method_is_that_method(make):
    rows = make(dict.fromkeys(METHOD_NAMES)).rows
    assert [row.recipe.method for row in rows] == list(METHOD_NAMES)
    assert {row.trains for row in rows if row.name != "none"} == {True}
    assert make({"other": None}).rows[0].recipe.method == "harma", "that of the base"


ERRORS = [
    ({"harma": 3}, "methods: harma is 3; it must be a mapping"),
    ({"harma": {"optimm": {}}}, "methods: harma: the row has the unknown key optimm"),
    ({"x": {"method": "loraa"}}, "(?s)methods: x: .*loraa"),
    ({"harma": {"optim": {"lrr": 1}}}, "methods: harma: the recipe cannot be used"),
    ({"lora": {"options": {"rnk": 1}}}, "methods: lora: method lora has no option rnk"),
    ({"x": {"loss": {"terms": {"contrastif": 1}}}}, "methods: x: loss.terms is 'contrastif'"),
    ({"lora": {"method": "full"}}, "methods: lora: its method is full; a row with the name"),
    ({"lora": {"adapter": {"num_heads": 2}}}, "methods: lora: adapter has options of HarMA"),
    ({"x": {"train": {"seed": 1}}}, "methods: x: train.seed is set by the comparison"),
    (
        {"x": {"train": {"select_on": "test"}}},
        "methods: x: train.select_on is test; models are compared by",
    ),
    ({"x": {"learning_rates": [0]}}, "methods: x: learning_rates has 0; a learning rate is"),
    (
        {"x": {"optim": {"lr": 1}, "learning_rates": [1]}},
        "methods: x: optim.lr and learning_rates are both given",
    ),
    (
        {"x": {"data": {"max_words": 3}}, "harma": {}},
        "harma: data.max_words is 30, that of x is 3",
    ),
    ({"a b": {}, "a/b": {}}, r"'a b' and 'a/b' have one name on disk \(a-b\)"),
    ({"A": {}, "a": {}}, r"'A' and 'a' have one name on disk"),
    ({"?": {}}, "'\\?' has no letters or digits"),
]


@pytest.mark.parametrize(("methods", "message"), ERRORS)
def test_what_cannot_be_used_is_named(make, methods, message):
    with pytest.raises(ConfigError, match=message):
        make(methods)


def test_a_rate_and_a_grid_contradict_each_other(make):
    with pytest.raises(ConfigError, match="methods: x: optim.lr and learning_rates are both given"):
        make({"x": {"optim": {"lr": 1}}}, learning_rates=[1])
    row = make({"x": {"optim": {"lr": 0.5}, "learning_rates": []}}, learning_rates=[1]).rows[0]
    assert row.rates == (0.5,), "a row of its own rate in a comparison that chooses"
