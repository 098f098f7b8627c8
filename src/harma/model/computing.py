"""In what precision a model's products are (autocast, bf16 weights); its weights stay as they are.

Whether bfloat16 is quicker is measured, not read off a processor's name.
"""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.nn import functional as F

from harma.backbones import Backbone
from harma.backbones.bf16_view import Bf16Weights, bf16_view
from harma.errors import ConfigError
from harma.model.precision import PRECISIONS, Precision

AUTOCAST: Mapping[str, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16}
# A short measurement: products in each dtype, and the share of float32's time that is a gain.
TRIALS = 8
CLEARLY = 0.8


def check_precision(precision: str, weights: torch.dtype) -> None:
    """Check that weights can be computed with in a precision.

    Args:
        precision: a name of `Precision`.
        weights: their dtype.

    Raises:
        ConfigError: there is no such precision, or the weights are float64.
    """
    if precision not in PRECISIONS:
        raise ConfigError(
            f"the precision is {precision!r}; allowed are {', '.join(PRECISIONS)}. int8 needs an"
            " exported model (harma export MODEL --format openvino --precision int8)"
        )
    if precision != "float32" and weights == torch.float64:
        raise ConfigError(
            f"the model's weights are float64, which it computes in; {precision} needs float32"
            " weights"
        )


def computing_in(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Context in which products are in a precision.

    In float32 one that is set outside, as training does, stays.
    """
    # Not an autocast to float32, which would end the one that is set outside.
    if precision not in AUTOCAST:
        return nullcontext()
    return torch.autocast(device.type, dtype=AUTOCAST[precision])


def backbone_in(precision: Precision, backbone: Backbone, rounded: Bf16Weights) -> Backbone:
    """What a call computes with: the backbone itself, or a view with its frozen weights rounded.

    Args:
        precision: of the call.
        backbone: as it is; inside `Backbone.bare` the view is of what it was built as.
        rounded: weights in bfloat16, kept from call to call.
    """
    if precision != "bf16_weights":
        return backbone
    return bf16_view(backbone.in_call(), rounded)


def bf16_is_quicker() -> bool:
    """Whether this processor multiplies in bfloat16 clearly quicker than in float32.

    Measured in some 30 ms, rounding of the input included, on a product of the size that the blocks
    of a small CLIP have.
    """
    # Drawn on the CPU by a generator of its own: a run's random numbers are not moved.
    generator = torch.Generator("cpu").manual_seed(0)
    x = torch.randn(512, 512, generator=generator, dtype=torch.float32, device="cpu")
    weight = x.to(torch.bfloat16)
    seconds: dict[torch.dtype, list[float]] = {torch.float32: [], torch.bfloat16: []}
    with torch.no_grad():
        # In turn, since other work on the machine comes and goes; the first of each warms up.
        for _ in range(TRIALS):
            start = time.perf_counter()
            F.linear(x, x)
            middle = time.perf_counter()
            F.linear(x.to(torch.bfloat16), weight)
            seconds[torch.float32].append(middle - start)
            seconds[torch.bfloat16].append(time.perf_counter() - middle)
    return min(seconds[torch.bfloat16]) < CLEARLY * min(seconds[torch.float32])


def normalized(x: Tensor) -> Tensor:
    """L2-normalise embeddings (B, E), at least in float32."""
    return F.normalize(x.to(max_precision(x.dtype)), dim=-1)


def max_precision(dtype: torch.dtype) -> torch.dtype:
    """The dtype of temperature, embeddings and losses: float64 stays, all else is float32.

    They lose too much in half precision.
    """
    if dtype == torch.float64:
        return dtype
    return torch.float32
