"""What blocks compute, written out, with something put where a method puts it."""

import torch
from torch.nn import functional as F


def stirred(module, scale=0.3, seed=0):
    """Every weight drawn anew and none zero, so that a term that is left out shows."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return module


def linear(layer, x):
    """A linear map by its own weights."""
    out = x @ layer.weight.T
    return out if layer.bias is None else out + layer.bias


def clip_block(block, x, beside=None, after=None):
    """open_clip's block: x + attention, then + MLP, with `after` on the MLP and `beside` it.

    `after` maps the MLP's output, `beside` the residual stream before the MLP's layer norm; what
    that gives is added.
    """
    y = block.ln_1(x)
    x = x + block.attn(y, y, y, need_weights=False)[0]
    hidden = linear(block.mlp.c_fc, block.ln_2(x))
    out = linear(block.mlp.c_proj, F.gelu(hidden))
    if after is not None:
        out = after(out)
    if beside is not None:
        out = out + beside(x)
    return x + out
