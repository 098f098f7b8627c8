"""Opacity: is what is declared as alpha one, or a measured band such as near infrared."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# An alpha has few values: 0, its greatest, some between at feathered edges. A measured band has
# many, nearly all of them between.
MANY_VALUES = 16
MANY_BETWEEN = 0.5


def is_measured(alpha: NDArray[Any], colors: Callable[[], NDArray[Any]]) -> bool:
    """Whether what is declared as alpha is a measured band, such as near infrared.

    Programs declare the fourth of four 8-bit bands as alpha by themselves; near infrared is 0 over
    water, which would be left out as transparent. Where it is 0 everywhere, it is measured if there
    is a picture below it: nobody delivers one that cannot be seen.

    Args:
        alpha: values of it.
        colors: gives values of a colour at the same places; called only where alpha is 0 in all.
    """
    opaque = alpha[alpha > 0]
    if not opaque.size:
        return bool(np.unique(colors()).size >= MANY_VALUES)
    greatest = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "iu" else opaque.max()
    if (opaque < greatest).mean() <= MANY_BETWEEN:
        return False
    return bool(np.unique(opaque).size >= MANY_VALUES)


def has_data(alpha: NDArray[Any], colors: NDArray[Any], *, measured: bool) -> NDArray[np.bool_]:
    """Which pixels hold data, by a band that is declared as alpha.

    Args:
        alpha: (H, W).
        colors: (bands, H, W), which are shown.
        measured: as `is_measured` says: a pixel is then empty only where all its colours are 0 too.
    """
    opaque: NDArray[np.bool_] = alpha > 0
    if not measured:
        return opaque
    has_color: NDArray[np.bool_] = np.any(colors != 0, axis=0)
    return opaque | has_color
