"""Preprocessing that is stated, that is not, and that cannot be used."""

import json

import pytest

from harma.backbones import Preprocess, load_backbone
from harma.backbones.preprocess import preprocess_from
from harma.errors import ConfigError


def test_config_with_preprocessing(config, tmp_path):
    stated = {
        "mean": [0.1, 0.2, 0.3],
        "std": [1, 1, 1],
        "interpolation": "bilinear",
        "resize_mode": "longest",
    }
    path = tmp_path / "small.json"
    path.write_text(
        json.dumps(
            {"model_cfg": config, "preprocess_cfg": {"mode": "RGB", "fill_color": 0, **stated}}
        )
    )
    preprocess = load_backbone(path).preprocess
    assert preprocess.to_dict() == {"size": [32, 32], **stated}


def test_preprocessing_that_is_not_stated_is_specs(backbone):
    assert backbone.preprocess.mean == (0.48145466, 0.4578275, 0.40821073)
    assert backbone.preprocess.std == (0.26862954, 0.26130258, 0.27577711)
    assert (backbone.preprocess.interpolation, backbone.preprocess.resize_mode) == (
        "bicubic",
        "squash",
    )


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (
            {"mean": [0.1, 0.2]},
            r"mean is \[0.1, 0.2\]; it must be three numbers, one for each channel",
        ),
        ({"mean": "grey"}, "mean is 'grey'; it must be three numbers"),
        ({"std": [1, 0, 1]}, r"std is \(1.0, 0.0, 1.0\); every number must be above 0"),
        (
            {"interpolation": "random"},
            "interpolation is 'random'; allowed are bicubic, bilinear, nearest",
        ),
        ({"resize_mode": "crop"}, "resize_mode is 'crop'; allowed are squash, shortest, longest"),
        (
            {"means": 0},
            "config: preprocessing has the unknown key 'means'; allowed are bands, interpolation",
        ),
        ({"fill_color": 7}, "preprocessing has fill_color 7; only 0 is supported"),
    ],
)
def test_preprocessing_that_is_not_usable(config, stated, message):
    with pytest.raises(ConfigError, match=message):
        load_backbone({"model_cfg": config, "preprocess_cfg": stated})


def test_a_stated_size_changes_nothing_and_what_is_null_is_not_stated():
    stated = {"size": [9, 9], "mean": None, "mode": "RGB", "std": [1, 2, 3]}
    preprocess = preprocess_from(stated, (24, 32), "here")
    assert preprocess == Preprocess(size=(24, 32), std=(1.0, 2.0, 3.0))
    assert preprocess_from({}, 24, "here").size == (24, 24)


def test_truth_values_are_no_numbers():
    with pytest.raises(ConfigError, match=r"mean is \[True, 0, 0\]; it must be three numbers"):
        Preprocess(size=(8, 8), mean=[True, 0, 0])


def test_an_image_size_of_another_number_of_numbers():
    for size in ([32], [32, 32, 3], []):
        with pytest.raises(ConfigError, match="it must be a number of pixels, or two"):
            preprocess_from({}, size, "a model")
