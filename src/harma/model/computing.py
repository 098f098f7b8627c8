"""Autocast: in what precision a model's products are; its weights stay as they are."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.nn import functional as F

from harma.errors import ConfigError
from harma.model.precision import PRECISIONS, Precision

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


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
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=AUTOCAST[precision])


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
