"""Folds of a comparison: their file, their plans, and that no image is judged twice."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from tests.comparison.made_up import write_folds_of

from harma.comparison.folds import check_folds, fold_plans, read_folds
from harma.errors import ConfigError, DataError, MissingFileError


@pytest.fixture
def folds(tiny_data, tmp_path):
    return write_folds_of(tiny_data, tmp_path / "folds")


def test_each_fold_has_the_rows_on_its_data_in_a_directory_of_its_own(make, folds):
    plan = make({"harma": None, "full": None}, folds=str(folds), seeds=[1, 2])
    plans = fold_plans(plan)
    assert [one.output.name for one in plans] == ["fold-1", "fold-2", "fold-3"]
    for number, one in enumerate(plans, 1):
        assert one.output.parent == plan.output
        assert [row.name for row in one.rows] == ["harma", "full"]
        names = {row.recipe.data.name for row in one.rows} | {one.base.data.name}
        assert names == {str(folds.parent / f"fold-{number}" / "data.yaml")}
        assert one.folds is None
    assert fold_plans(make({"harma": None})) == []


def test_a_comparison_without_folds_is_as_before_and_one_with_them_says_so(make, folds):
    assert "folds" not in make({"harma": None}).to_dict()
    assert make({"harma": None}, folds=str(folds)).to_dict()["folds"] == str(folds)


def test_every_image_is_judged_once(make, folds):
    plan = make({"harma": None}, folds=str(folds))
    judged = Counter()
    for one in fold_plans(plan):
        content = json.loads((Path(one.base.data.name).parent / "test.json").read_text())
        judged.update(row["image"] for row in content)
    assert set(judged.values()) == {1}
    assert check_folds(fold_plans(plan)) == len(judged)


def test_an_image_that_is_judged_twice_or_was_seen_is_named(make, folds):
    plans = fold_plans(make({"harma": None}, folds=str(folds)))
    folder = folds.parent
    tests = [json.loads((folder / f"fold-{i}" / "test.json").read_text()) for i in (1, 2)]
    (folder / "fold-2" / "test.json").write_text(
        json.dumps([*tests[1], {**tests[0][0], "image_id": 999}])
    )
    # The first fold's image trains in the second one, so that is what is found.
    with pytest.raises(DataError, match=r"fold 2 is judged on .*, which is in its train or val"):
        check_folds(plans)
    (folder / "fold-2" / "test.json").write_text(json.dumps(tests[1]))
    names = yaml.safe_load(folds.read_text())["folds"]
    folds.write_text(yaml.safe_dump({"folds": [*names, names[0]]}))
    with pytest.raises(DataError, match=r"folds 1 and 4 are both judged on "):
        check_folds(fold_plans(make({"harma": None}, folds=str(folds))))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1", "names no folds; give the folds.yaml that harma data split --folds writes"),
        ("folds: 3", "names no folds"),
        ("folds: [1, 2, 3]", "names no folds"),
        ("[]", "names no folds"),
        ("folds: [a.yaml, b.yaml]", "names 2 folds; 3 or more are needed"),
    ],
)
def test_a_file_that_names_no_folds_is_refused(tmp_path, content, message):
    path = tmp_path / "f.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_folds(path)


def test_a_file_that_is_not_there_and_data_of_one_division_are_refused(make, folds, tmp_path):
    with pytest.raises(MissingFileError, match="nowhere"):
        fold_plans(make({"harma": None}, folds=str(tmp_path / "nowhere.yaml")))
    with pytest.raises(ConfigError, match=r"data.root and folds are both given"):
        make({"harma": None}, folds=str(folds), flags=["--data.root", "x"])
    with pytest.raises(ConfigError, match=r"folds is 5; give the folds.yaml"):
        make({"harma": None}, folds=5)
