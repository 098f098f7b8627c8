"""What every backbone shares: what it takes, and what its weights are told by."""

import pytest
import torch

from harma.backbones.backbone import check_tower, checked_texts
from harma.errors import BackboneError, DataError


def test_one_string_is_one_text():
    assert checked_texts("a river") == ["a river"]
    assert checked_texts(("a", "b")) == ["a", "b"]
    with pytest.raises(DataError, match=r"a text is 7 \(int\); tokenize takes strings"):
        checked_texts(["a", 7])


def test_a_tower_is_image_or_text():
    check_tower("image")
    check_tower("text")
    with pytest.raises(BackboneError, match="tower is 'visual'; allowed are image, text"):
        check_tower("visual")


def test_the_hash_of_weights_follows_each_of_them(backbone):
    before = backbone.weights_hash()
    assert backbone.weights_hash() == before
    with torch.no_grad():
        next(backbone.parameters()).flatten()[0] += 1
    assert backbone.weights_hash() != before
