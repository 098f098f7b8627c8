"""The total loss of a recipe: a weighted sum of losses over the gathered batch."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor

from harma.errors import ConfigError
from harma.ground.plugins import find
from harma.losses import LOSSES

VIEW_NAMES = ("image_view", "text_view")
# What a loss may ask for, by the name of a parameter.
CONTEXT = ("temperature", "image_index", "caption_index", "labels", *VIEW_NAMES)


@dataclass(frozen=True)
class LossTerm:
    """One loss of the sum.

    Attributes:
        name: as the recipe says it.
        weight: its factor.
        function: called as (I, T, **context).
        wants: which of `CONTEXT` it takes by name.
    """

    name: str
    weight: float
    function: Callable[..., Tensor]
    wants: tuple[str, ...]


class Objective:
    """The weighted sum of a recipe's losses.

    Args:
        terms: for each loss its weight, or a mapping of `weight` and the loss's own options.

    Raises:
        ConfigError: a loss or one of its options is unknown.
    """

    def __init__(self, terms: Mapping[str, float | Mapping[str, object]]) -> None:
        built = [_term(name, spec) for name, spec in terms.items()]
        self.terms = [term for term in built if term.weight != 0]
        if not self.terms:
            raise ConfigError(
                "loss.terms has no loss with a weight; give at least one, such as {contrastive:"
                " 1.0}"
            )

    @property
    def needs_temperature(self) -> bool:
        """Whether a loss of the sum takes the trained temperature."""
        return any("temperature" in term.wants for term in self.terms)

    @property
    def taking_labels(self) -> list[str]:
        """Names of the losses of the sum that take labels."""
        return [term.name for term in self.terms if "labels" in term.wants]

    @property
    def needs_views(self) -> bool:
        """Whether a loss of the sum takes second views of the pairs."""
        return any(not set(VIEW_NAMES).isdisjoint(term.wants) for term in self.terms)

    def __call__(self, I: Tensor, T: Tensor, **context: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The total and its parts.

        Args:
            I: image embeddings (B, E) of the whole batch, all processes together.
            T: text embeddings (B, E).
            context: temperature, image_index (B,), caption_index (B,), labels (B,), and where a
                loss takes them image_view (B, E) and text_view (B, E).

        Returns:
            The weighted sum, a scalar, and each loss before its weight, detached.
        """
        parts: dict[str, Tensor] = {}
        for term in self.terms:
            keywords = {key: context[key] for key in term.wants}
            parts[term.name] = term.function(I, T, **keywords)
        total = sum(term.weight * parts[term.name] for term in self.terms)
        assert isinstance(total, Tensor)
        return total, {name: part.detach() for name, part in parts.items()}


def _term(name: str, spec: float | Mapping[str, Any]) -> LossTerm:
    options = dict(spec) if isinstance(spec, Mapping) else {"weight": spec}
    weight = options.pop("weight", 1.0)
    if not _is_number(weight) or not 0 <= weight < math.inf:
        raise ConfigError(f"loss.terms.{name}: weight is {weight!r}; it must be a number from 0")
    function = find(name, LOSSES, "loss.terms")
    parameters = inspect.signature(function).parameters
    wants = tuple(key for key in CONTEXT if _is_context(key, parameters))
    # What comes after (I, T) and is not given by us is an option.
    allowed = [key for key in list(parameters)[2:] if key not in wants]
    unknown = sorted(options.keys() - set(allowed))
    if unknown:
        raise ConfigError(
            f"loss.terms.{name} has no option {', '.join(unknown)}; allowed are weight, {allowed}"
        )
    return LossTerm(name, float(weight), partial(function, **options), wants)


def _is_context(key: str, parameters: Mapping[str, inspect.Parameter]) -> bool:
    """Whether a loss takes this from us; what has the name but is a number is an option."""
    if key not in parameters:
        return False
    # The temperature of the affiliation loss is its own τ₂, not the trained one: it has a default,
    # ours has none.
    is_option = key == "temperature" and _is_number(parameters[key].default)
    return not is_option


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
