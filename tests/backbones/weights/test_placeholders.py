"""Placeholders of foreign objects, and what is shown of them."""

import torch

from harma.backbones.weights.placeholders import Placeholder, plain


def test_plain_of_what_refers_to_itself():
    loop = Placeholder()
    loop["self"] = loop
    loop[("a", 1)] = [torch.zeros(1), {1: None}]
    assert plain(loop) == {"self": "…", "('a', 1)": ["<Tensor, not read>", {1: None}]}


def test_a_number_with_a_form_of_its_own_is_its_last_argument():
    assert plain(Placeholder(0, "0x", 16)) == 16
    assert plain(Placeholder(2.5, None, [])) == 2.5
    assert plain(Placeholder([1])) == "<object, not read>"


def test_what_was_done_to_a_placeholder_is_shown():
    sequence = Placeholder()
    sequence.append(1)
    sequence.add("b")
    assert plain([sequence, (1, None)]) == [[1, "b"], [1, None]]
    assert plain(Placeholder()(7)) == 7
