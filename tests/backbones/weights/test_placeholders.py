"""Placeholders of foreign objects, and what is shown of them."""

import torch

from harma.backbones.weights.placeholders import Placeholder, plain


def test_plain_of_what_refers_to_itself():
    loop = Placeholder()
    loop["self"] = loop
    loop[("a", 1)] = [torch.zeros(1), {1: None}]
    assert plain(loop) == {"self": "…", "('a', 1)": ["<Tensor, not read>", {1: None}]}
