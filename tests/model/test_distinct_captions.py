"""Distinct captions, in groups of like length, against all of them at once."""

import pytest
import torch

from harma.model.distinct_captions import GROUP, embed_distinct


@pytest.mark.parametrize("trims", [True, False])
def test_embeddings_and_gradients_are_those_of_all_captions(trims):
    generator = torch.Generator().manual_seed(0)
    # Captions of 1 to 9 tokens, most more than once, padded with zeros.
    lengths = torch.randint(1, 10, (40,), generator=generator)
    token_ids = torch.randint(1, 50, (40, 12), generator=generator)
    token_ids[torch.arange(12) >= lengths[:, None]] = 0
    rows = torch.randint(0, 40, (100,), generator=generator)
    token_ids, lengths = token_ids[rows], lengths[rows]
    table = torch.randn(50, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    weights = torch.randn(100, 3, dtype=torch.float64, generator=generator)
    calls = []

    def encode(ids):
        longest = int((ids > 0).sum(1).max()) if trims else 12
        calls.append((len(ids), longest))
        return (table[ids[:, :longest]] * (ids[:, :longest, None] > 0)).sum(1)

    expected = encode(token_ids)
    embedded = embed_distinct(encode, token_ids, lengths if trims else None)
    torch.testing.assert_close(embedded, expected)
    (of_all,) = torch.autograd.grad((expected * weights).sum(), table)
    (of_distinct,) = torch.autograd.grad((embedded * weights).sum(), table)
    torch.testing.assert_close(of_distinct, of_all)
    distinct = len(token_ids.unique(dim=0))
    assert sum(count for count, _ in calls[1:]) == distinct < 100
    # Short ones are not padded to the longest.
    longest = [length for _, length in calls[1:]]
    assert len(longest) == (distinct // GROUP if trims else 1)
    assert longest == sorted(longest)
    assert longest[0] < longest[-1] or not trims


def test_one_caption():
    ids = torch.tensor([[5, 6, 0]])
    assert torch.equal(
        embed_distinct(lambda ids: ids.double(), ids, torch.tensor([2])), ids.double()
    )
