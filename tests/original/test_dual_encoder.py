"""The original's dual encoders as backbones of ours."""

import json
from pathlib import Path

import pytest

from harma.errors import ConfigError, MissingFileError
from harma.original.dual_encoder import dual_encoder_of_original

FILE = Path("a.yaml")
CLIP = {
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
}


def described(**values):
    return dual_encoder_of_original(values, FILE)


def test_what_a_config_does_not_say_is_as_in_the_original(caplog):
    assert described() == {
        "image": {"timm": "swin_tiny_patch4_window7_224", "weights": None},
        "text": {"transformers": "bert-base-uncased", "weights": "pretrained"},
        "embed_dim": 512,
        "preprocess": CLIP,
    }
    assert "a.yaml: vision_config names no ckpt; the image tower is untrained" in caplog.text


@pytest.mark.parametrize(
    ("values", "tower"),
    [
        ({"patch_size": 16}, "vit_small_patch16_224"),
        ({"use_swin": False}, "vit_small_patch16_224"),
        ({"patch_size": 32, "use_swin": True}, "swin_tiny_patch4_window7_224"),
    ],
)
def test_either_switch_chooses_the_image_tower(values, tower):
    assert described(**values)["image"]["timm"] == tower


def test_sizes_of_swin_and_its_width():
    sizes = {"window_size": 4, "embed_dim": 10, "depths": [1, 2]}
    vision = {"ckpt": "s.pth", "image_res": 384, **sizes}
    image = described(vision_config={**vision, "vision_width": 20})["image"]
    assert image == {
        "timm": "swin_tiny_patch4_window7_224",
        "weights": "s.pth",
        "img_size": 384,
        **sizes,
    }
    with pytest.raises(ConfigError, match="vision_width is 40, but the image tower ends with 20"):
        described(vision_config={**vision, "vision_width": 40})
    # Swin-T's own: 96, doubled three times; of ViT nothing but the width is taken.
    assert described(vision_config={"vision_width": 768})
    assert "depths" not in described(patch_size=16, vision_config={"depths": [1]})["image"]
    with pytest.raises(ConfigError, match="vision_width is 768, but the image tower ends with 384"):
        described(patch_size=16, vision_config={"vision_width": 768})


def test_the_image_size_is_stated_once_or_alike():
    assert described(image_res=256)["image"]["img_size"] == 256
    assert described(image_res=256, vision_config={"image_res": 256})["image"]["img_size"] == 256
    assert "img_size" not in described(image_res=224)["image"]
    with pytest.raises(ConfigError, match="image_res is 224, in vision_config 256"):
        described(image_res=224, vision_config={"image_res": 256})


def test_a_text_config_of_ones_own(tmp_path, caplog):
    (tmp_path / "text.json").write_text(json.dumps({"hidden_size": 32, "fusion_layer": 6}))
    text = described(text_config=str(tmp_path / "text.json"), text_encoder="data/bert")["text"]
    assert text == {
        "transformers": {"hidden_size": 32},
        "weights": "data/bert",
        "tokenizer": "data/bert",
    }
    assert "these keys of text_config have no effect: fusion_layer" in caplog.text
    assert described(text_config={})["text"] == {
        "transformers": {},
        "weights": None,
        "tokenizer": "bert-base-uncased",
    }


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"patch_size": 8}, ConfigError, "patch_size is 8; allowed are 32"),
        ({"use_swin": "yes"}, ConfigError, "use_swin is 'yes' with patch_size None"),
        ({"use_swin": True, "patch_size": 16}, ConfigError, "use_swin is True with patch_size 16"),
        (
            {"use_swin": False, "patch_size": 32},
            ConfigError,
            "use_swin is False with patch_siz",
        ),
        (
            {"vision_config": {"heads": 3}},
            ConfigError,
            r"has unknown keys \['heads'\]; allowed",
        ),
        ({"vision_config": 3}, ConfigError, "vision_config is 3; it must be a mapping or the path"),
        ({"text_config": "none.json"}, MissingFileError, "text_config is none.json, which is not"),
    ],
)
def test_values_that_cannot_be_used_are_named(values, error, message):
    with pytest.raises(error, match=f"a.yaml: .*{message}"):
        described(**values)


def test_a_config_that_is_not_json_is_named(tmp_path):
    (tmp_path / "v.json").write_text("{")
    with pytest.raises(ConfigError, match=r"v.json: it is not JSON \("):
        described(vision_config=str(tmp_path / "v.json"))
