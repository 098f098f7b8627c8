"""Names of the precisions that a model computes in; without torch, so that flags can list them."""

from typing import Literal, get_args

Precision = Literal["float32", "bf16", "fp16", "bf16_weights"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
AnyPrecision = Literal["float32", "bf16", "fp16", "bf16_weights", "int8"]
ANY_PRECISIONS: tuple[AnyPrecision, ...] = get_args(AnyPrecision)
"""With that of exported models alone."""
