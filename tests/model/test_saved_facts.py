"""What a saved model says of itself, of other kinds than HarMA writes."""

import pytest

from harma.errors import ConfigError
from harma.model.saved_facts import check_facts

RIGHT = {
    "backbone": {"name": "openai", "weights_hash": "sha256:1"},
    "parameters": {"trained": 1, "total": 2},
    "metrics": None,
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"parameters": {"trained": 1, "total": "aaa"}}, "a.json: parameters.total is 'aaa'"),
        ({"parameters": {"trained": True, "total": 1}}, "parameters.trained is True"),
        ({"parameters": {"trained": -1, "total": 1}}, "parameters.trained is -1"),
        ({"parameters": {"trained": 1.5, "total": 1}}, "parameters.trained is 1.5"),
        ({"parameters": {"trained": 10**30, "total": 1}}, "must be a number of weights"),
        ({"parameters": {"total": 1}}, "parameters.trained is None"),
        ({"parameters": [1]}, "parameters is \\[1\\]; it must be a mapping"),
        ({"metrics": "good"}, "metrics is 'good'; it must be a mapping"),
        ({"metrics": {"mR": "40.1"}}, "metrics.mR is '40.1'; it must be a number"),
        ({"metrics": {"dup_mR": True}}, "metrics.dup_mR is True"),
        ({"data": {"train_captions": "many"}}, "data.train_captions is 'many'"),
        ({"kept_captions": [1]}, "kept_captions is \\[1\\]"),
        ({"merged": {"runs": ["a"]}}, "merged.scale is None"),
        ({"merged": {"runs": "a", "scale": 1}}, "merged.runs is 'a'; it must be a list"),
        ({"backbone": "openai"}, "does not say which backbone"),
        ({"backbone": {"name": "openai"}}, "does not say which backbone"),
        ({"backbone": {"name": 1, "weights_hash": ""}}, "the backbone's name is 1"),
        ({"backbone": {"name": "a", "weights_hash": 7}}, "weights_hash is 7"),
    ],
)
def test_other_kinds(change, problem):
    with pytest.raises(ConfigError, match=problem):
        check_facts("a.json", {**RIGHT, **change})


def test_what_harma_writes():
    check_facts("a.json", RIGHT)
    check_facts("a.json", {})
    check_facts("a.json", {"metrics": {"mR": 40, "split": "val", "epoch": None}})
    check_facts("a.json", {"merged": {"runs": ["a"], "scale": 1}, "kept_captions": 0})
    check_facts("a.json", {"backbone": {"name": {"file": "a.pt"}, "weights_hash": "sha256:1"}})
