"""Metrics of the user's own, named in a recipe by their dotted paths."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.ground.plugins import find

# (image embeddings (N, E), caption embeddings (M, E), image of each caption (M,)) → a figure, or
# several by name.
OwnMetric = Callable[
    [NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]], float | Mapping[str, float]
]


def find_metrics(names: Sequence[str]) -> dict[str, OwnMetric]:
    """The functions that dotted paths name, by the last part of the path.

    Raises:
        ConfigError: one cannot be imported, or two have the same name.
    """
    functions: dict[str, OwnMetric] = {}
    for name in names:
        short = name.rpartition(".")[2]
        if short in functions:
            raise ConfigError(f"train.metrics names two functions called {short}; rename one")
        functions[short] = find(name, {}, "train.metrics")
    return functions


def compute_metrics(
    functions: Mapping[str, OwnMetric],
    images: NDArray[np.float32],
    captions: NDArray[np.float32],
    caption_to_image: NDArray[np.int64],
    taken: Mapping[str, float],
) -> dict[str, float]:
    """Call each function.

    Args:
        functions: by name.
        images: L2-normalised embeddings (N, E).
        captions: L2-normalised embeddings (M, E).
        caption_to_image: (M,).
        taken: figures that are there already; a name of theirs is refused.

    Returns:
        A figure under the function's name, or, where it returns a mapping, each under the mapping's
        name.

    Raises:
        ConfigError: a function returns something else, or takes a name that is in use.
    """
    figures: dict[str, float] = {}
    for name, function in functions.items():
        result = function(images, captions, caption_to_image)
        named = result if isinstance(result, Mapping) else {name: result}
        for key, value in named.items():
            # True is an integer to Python, but no figure.
            if not isinstance(value, int | float | np.number) or isinstance(value, bool):
                raise ConfigError(
                    f"the metric {name} returned {value!r} for {key}; it must return a number"
                )
            # A figure must not change what mR means, or hide another.
            if key in taken or key in figures:
                raise ConfigError(
                    f"the metric {name} returned {key}, a name that is in use; choose another"
                )
            figures[str(key)] = float(value)
    return figures
