"""Evaluations on disk."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from harma.errors import DataError, MissingFileError
from harma.evaluation import difference_interval, load_evaluation, save_evaluation
from harma.evaluation.storage import check_place


def test_what_is_saved_is_read_back(evaluation, tmp_path):
    save_evaluation(evaluation, tmp_path, method="harma", trained_parameters=7)
    read = load_evaluation(tmp_path)
    assert read.metrics == evaluation.metrics
    assert read.without_adapters.metrics == evaluation.without_adapters.metrics
    assert read.fingerprint == evaluation.fingerprint
    assert np.array_equal(read.hits.t2i, evaluation.hits.t2i)
    assert read.embedded is None
    pair = (evaluation, evaluation.without_adapters)
    assert difference_interval(read, read.without_adapters, resamples=50) == difference_interval(
        *pair, resamples=50
    )
    assert json.loads((tmp_path / "metrics.json").read_text())["trained_parameters"] == 7


def test_another_split_is_added(evaluation, tmp_path):
    save_evaluation(evaluation, tmp_path)
    save_evaluation(replace(evaluation, split="val"), tmp_path)
    assert load_evaluation(tmp_path, "val").metrics == load_evaluation(tmp_path, "test").metrics


def test_one_without_a_baseline(evaluation, tmp_path):
    save_evaluation(evaluation.without_adapters, tmp_path)
    assert load_evaluation(tmp_path).without_adapters is None


def test_missing_and_damaged_files(evaluation, tmp_path):
    with pytest.raises(MissingFileError, match="holds no evaluation of the val split"):
        load_evaluation(tmp_path, "val")
    save_evaluation(evaluation, tmp_path)
    hits = tmp_path / "hits_test.npz"
    hits.write_bytes(hits.read_bytes()[:100])
    with pytest.raises(DataError, match="is damaged .*; evaluate again"):
        load_evaluation(tmp_path)


def test_figures_of_other_data_are_not_overwritten(evaluation, tmp_path):
    save_evaluation(evaluation, tmp_path)
    other = replace(evaluation, fingerprint="another")
    with pytest.raises(
        DataError, match=r"has figures of other data for its test split \(12 images\).*--output"
    ):
        save_evaluation(other, tmp_path)
    assert load_evaluation(tmp_path).fingerprint == evaluation.fingerprint


@pytest.mark.parametrize("content", ["", "[1]", "null", "\0", "[" * 5000])
def test_a_damaged_metrics_file_is_not_overwritten(evaluation, tmp_path, content):
    (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(DataError, match="move it away"):
        save_evaluation(evaluation, tmp_path)
    assert (tmp_path / "metrics.json").read_text() == content


@pytest.mark.parametrize(
    ("key", "value"),
    [("metrics", None), ("metrics", [1]), ("num_images", "gone"), ("chance", "gone")],
)
def test_a_split_that_lacks_something_is_damaged(evaluation, tmp_path, key, value):
    save_evaluation(evaluation, tmp_path)
    content = json.loads((tmp_path / "metrics.json").read_text())
    content["test"][key] = value
    if value == "gone":
        del content["test"][key]
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="is damaged .*; evaluate again"):
        load_evaluation(tmp_path)


def test_hits_are_read_back_with_all_they_have(evaluation, tmp_path):
    save_evaluation(evaluation, tmp_path)
    read = load_evaluation(tmp_path)
    for one, other in ((read, evaluation), (read.without_adapters, evaluation.without_adapters)):
        assert vars(one.hits).keys() == vars(other.hits).keys()
        for name, of_query in vars(other.hits).items():
            assert np.array_equal(getattr(one.hits, name), of_query), name
        assert np.array_equal(one.caption_to_image, other.caption_to_image)
    without = replace(evaluation, hits=replace(evaluation.hits, i2t_ap=None, t2i_ap=None))
    save_evaluation(without, tmp_path / "large")
    assert load_evaluation(tmp_path / "large").hits.i2t_ap is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("null", "holds nothing instead of figures"),
        ("[1]", "holds a list instead of figures"),
        ("[" * 300 + "]" * 300, "cannot be read"),
        ("{", "cannot be read"),
        (None, "is no file; move it away"),
    ],
)
def test_figures_of_a_damaged_file(tmp_path, text, message):
    file = tmp_path / "metrics.json"
    if text is None:
        os.mkfifo(file)
    else:
        file.write_text(text)
    with pytest.raises(DataError, match=message):
        check_place(tmp_path, "test", "a")
