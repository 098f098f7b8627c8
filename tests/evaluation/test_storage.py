"""Evaluations on disk."""

import json

import numpy as np
import pytest

from harma.errors import DataError, MissingFileError
from harma.evaluation import difference_interval, load_evaluation, save_evaluation


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
    save_evaluation(type(evaluation)(**{**evaluation.__dict__, "split": "val"}), tmp_path)
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
    other = type(evaluation)(**{**evaluation.__dict__, "fingerprint": "another"})
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
