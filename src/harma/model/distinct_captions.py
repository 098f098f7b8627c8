"""Captions of a step: each distinct one is embedded once, in groups of like length (bucketing)."""

from collections.abc import Callable

import torch
from torch import Tensor

# Captions of a group. Fewer pad less, and have less for each kernel to do.
GROUP = 16


def embed_distinct(
    encode: Callable[[Tensor], Tensor], token_ids: Tensor, lengths: Tensor | None
) -> Tensor:
    """Embed captions of which some may be the same.

    Gradients are those of embedding all of them at once, since no embedding depends on another; of
    dropout within the tower, equal captions share what is dropped.

    Args:
        encode: (M, L) → (M, E), trimmed to the longest caption.
        token_ids: (N, L).
        lengths: (N,) what an embedding depends on; None where that is all of L.

    Returns:
        (N, E), in the order of the captions.
    """
    distinct, place = torch.unique(token_ids, dim=0, return_inverse=True)
    if lengths is None:
        return encode(distinct)[place]
    # Equal captions are of one length.
    of_distinct = torch.zeros(len(distinct), dtype=lengths.dtype, device=lengths.device)
    of_distinct[place] = lengths
    order = torch.argsort(of_distinct, stable=True)
    num_groups = max(1, len(distinct) // GROUP)
    embedded = torch.cat([encode(distinct[rows]) for rows in order.tensor_split(num_groups)])
    # Back from the order by length, and from distinct captions to all.
    return embedded[torch.argsort(order)[place]]
