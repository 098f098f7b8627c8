"""The options of HarMA's adapters; no torch here."""

from dataclasses import dataclass
from typing import Literal, get_args

from harma.errors import ConfigError
from harma.ground.towers import TOWERS, Tower

Variant = Literal["document", "released"]
TextAttention = Literal["full", "causal"]

# The adapter class that is HarMA's own.
HARMA_ADAPTER = "harma"


@dataclass(frozen=True)
class AdapterConfig:
    """What the adapters look like (SPEC 1).

    Attributes:
        bottleneck_dim: R, the width inside an adapter; a multiple of twice `num_heads`.
        num_heads: H, heads of the self-attention of adapters and shared adapters.
        variant: mixing in the shared adapter: "document" mixes attention with GELU(h), "released"
            with h itself.
        shared_towers: towers whose adapters pass through shared adapters: (), ("text",), ("image",)
            or both.
        text_attention: "full" attends over all positions, padding included, as the original does;
            "causal" makes a text embedding independent of padding and lets batches be trimmed.
        gate_init: start of every gate, before the sigmoid.
        adapter: "harma", or the dotted path of a class of your own with the signature of
            `harma.methods.harma.modules.Adapter`.
        train_gates: whether gates train; if not, they stay where they start.

    Raises:
        ConfigError: an option is outside its range.
    """

    bottleneck_dim: int = 128
    num_heads: int = 8
    variant: Variant = "document"
    shared_towers: tuple[Tower, ...] = ("text",)
    text_attention: TextAttention = "full"
    gate_init: float = 0.6
    adapter: str = HARMA_ADAPTER
    train_gates: bool = True

    def __post_init__(self) -> None:
        self._check_types()
        # YAML and JSON know lists only; the order of the towers carries no meaning.
        towers = tuple(tower for tower in TOWERS if tower in self.shared_towers)
        if len(towers) != len(self.shared_towers):
            raise ConfigError(
                f"shared_towers is {list(self.shared_towers)}; allowed are [], [text], [image] and"
                " [image, text]"
            )
        object.__setattr__(self, "shared_towers", towers)
        # A whole number of a file would make gates of whole numbers.
        object.__setattr__(self, "gate_init", float(self.gate_init))
        _check_choice("variant", self.variant, get_args(Variant))
        _check_choice("text_attention", self.text_attention, get_args(TextAttention))
        self._check_width()

    def _check_types(self) -> None:
        """Check that options are of the kinds they are stated as; values come from YAML."""
        kinds: tuple[tuple[str, type | tuple[type, ...], str], ...] = (
            ("bottleneck_dim", int, "number"),
            ("num_heads", int, "number"),
            ("gate_init", (int, float), "number"),
            ("adapter", str, "name"),
        )
        for name, kind, said in kinds:
            value = getattr(self, name)
            # A bool is an int to Python, and no number to anybody else.
            if not isinstance(value, kind) or isinstance(value, bool):
                raise ConfigError(f"{name} is {value!r}; it must be a {said}")
        if not isinstance(self.train_gates, bool):
            raise ConfigError(f"train_gates is {self.train_gates!r}; it must be true or false")
        if not isinstance(self.shared_towers, list | tuple):
            raise ConfigError(f"shared_towers is {self.shared_towers!r}; it must be a list")

    def _check_width(self) -> None:
        """Check that the bottleneck can be split into the heads."""
        if self.num_heads < 1:
            raise ConfigError(f"num_heads is {self.num_heads}; it must be at least 1")
        step = self.num_heads
        if self.shared_towers:
            # The shared adapter attends at half the bottleneck.
            step *= 2
        if self.bottleneck_dim < step or self.bottleneck_dim % step:
            raise ConfigError(
                f"bottleneck_dim is {self.bottleneck_dim} with {self.num_heads} heads; it must be a"
                f" multiple of {step}"
            )


def _check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Check that an option is one of a few words."""
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}; allowed are {', '.join(allowed)}")
