"""Layouts: windows as timm cuts them, padding as the attention is told."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from harma.backbones.layouts import PaddingLayout, WindowLayout
from harma.errors import BackboneError


@pytest.mark.parametrize("size", [(4, 4), (5, 6), (2, 3)])
@pytest.mark.parametrize("shift", [(0, 0), (1, 1)])
def test_windows_are_put_together_as_they_were(size, shift):
    features = torch.randn(3, size[0] * size[1], 5)
    layout = WindowLayout(size, (2, 2), shift)
    tokens, _ = layout.split(features)
    assert tokens.shape[1:] == (4, 5)
    assert torch.equal(layout.join(tokens, 3), features)


def test_a_window_holds_neighbours_of_one_sample():
    features = torch.arange(32.0).view(2, 16, 1)
    tokens, mask = WindowLayout((4, 4), (2, 2), (0, 0)).split(features)
    assert mask is None
    assert tokens[1].flatten().tolist() == [2, 3, 6, 7]
    assert tokens[4].flatten().tolist() == [16, 17, 20, 21]


def test_what_the_shift_made_neighbours_do_not_see_each_other():
    tokens, mask = WindowLayout((4, 4), (2, 2), (1, 1)).split(torch.arange(16.0).view(1, 16, 1))
    # The last window holds the map's four corners, each of which sees only itself.
    assert tokens[3].flatten().tolist() == [15, 12, 3, 0]
    assert torch.equal(mask[3, 0], torch.eye(4, dtype=torch.bool))
    assert bool(mask[0].all())


def test_no_token_sees_padding():
    tokens, mask = WindowLayout((1, 3), (2, 2), (0, 0)).split(torch.tensor([[[1.0], [2.0], [3.0]]]))
    assert tokens[1].flatten().tolist() == [3, 0, 0, 0]
    assert mask[1, 0, 0].tolist() == [True, False, False, False]
    assert bool(mask.any(dim=-1).all()), "a token that sees nothing gives NaN"


@pytest.mark.parametrize("size", [(8, 8), (7, 7)])
def test_windows_and_masks_are_timms(size):
    from timm.models.swin_transformer import SwinTransformerBlock, window_partition

    block = SwinTransformerBlock(8, size, num_heads=2, window_size=4, shift_size=2)
    layout = WindowLayout(size, block.window_size, block.shift_size)
    x = torch.randn(2, *size, 8)
    if size == (8, 8):
        expected = window_partition(x.roll((-2, -2), (1, 2)), (4, 4)).view(-1, 16, 8)
        tokens, mask = layout.split(x.view(2, -1, 8))
        assert torch.equal(tokens, expected)
        assert torch.equal(mask[: len(block.attn_mask), 0], block.attn_mask == 0)
    assert torch.equal(layout.join(layout.split(x.view(2, -1, 8)).tokens, 2), x.view(2, -1, 8))


class Attention(nn.Module):
    def forward(self, hidden_states, attention_mask=None):
        return hidden_states


class Block(nn.Module):
    def __init__(self, by_name):
        super().__init__()
        self.attention, self.by_name = Attention(), by_name

    def forward(self, hidden_states, mask=None):
        return (
            self.attention(hidden_states, **{"attention_mask": mask})
            if self.by_name
            else self.attention(hidden_states, mask)
        )


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize(
    "given",
    [
        torch.tensor([[1, 1, 0]]),
        torch.tensor([[[[True, True, False]]]]),
        torch.tensor([[[[0.0, 0.0, -1e30]]]]),
    ],
)
def test_the_mask_is_what_the_attention_is_called_with(given, by_name):
    block = Block(by_name)
    layout = PaddingLayout(block)
    x = torch.randn(1, 3, 2)
    block(x, given)
    assert layout.split(x).mask.tolist() == [[[[True, True, False]]]]
    block(x)
    assert layout.split(x).mask is None


def test_a_mask_is_read_once_and_by_the_layout_of_its_block_alone():
    first, second = Block(by_name=True), Block(by_name=True)
    layouts = PaddingLayout(first), PaddingLayout(second)
    x, mask = torch.randn(1, 3, 2), torch.tensor([[1, 1, 0]])
    first(x, mask)
    assert layouts[1].split(x).mask is None
    assert layouts[0].split(x).mask is None, "another site came between"
    first(x, mask)
    assert layouts[0].split(x).mask is not None
    assert layouts[0].split(x).mask is None


def test_a_mask_is_kept_for_the_thread_that_saw_it():
    block = Block(by_name=True)
    layout = PaddingLayout(block)
    x = torch.randn(1, 3, 2)
    block(x, torch.tensor([[1, 1, 0]]))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: layout.split(x).mask).result() is None
    assert layout.split(x).mask.tolist() == [[[[True, True, False]]]]


def test_a_block_that_takes_no_mask_is_refused():
    with pytest.raises(BackboneError, match="no attention in a Linear takes an attention_mask"):
        PaddingLayout(nn.Linear(2, 2))
