"""The options of HarMA's adapters."""

from dataclasses import dataclass
from typing import Literal

from harma.errors import ConfigError

Variant = Literal["document", "released"]
TextAttention = Literal["full", "causal"]
Tower = Literal["image", "text"]

TOWERS: tuple[Tower, Tower] = ("image", "text")
VARIANTS = ("document", "released")
TEXT_ATTENTIONS = ("full", "causal")


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
    adapter: str = "harma"
    train_gates: bool = True

    def __post_init__(self) -> None:
        for name, kind in (
            ("bottleneck_dim", int),
            ("num_heads", int),
            ("gate_init", (int, float)),
            ("adapter", str),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise ConfigError(
                    f"{name} is {value!r}; it must be a {'name' if kind is str else 'number'}"
                )
        if not isinstance(self.train_gates, bool):
            raise ConfigError(f"train_gates is {self.train_gates!r}; it must be true or false")
        if not isinstance(self.shared_towers, list | tuple):
            raise ConfigError(f"shared_towers is {self.shared_towers!r}; it must be a list")
        # YAML and JSON know lists only; the order of the towers carries no meaning.
        towers = tuple(tower for tower in TOWERS if tower in self.shared_towers)
        if len(towers) != len(self.shared_towers):
            raise ConfigError(
                f"shared_towers is {list(self.shared_towers)}; allowed are [], [text], [image] and"
                " [image, text]"
            )
        object.__setattr__(self, "shared_towers", towers)
        if self.variant not in VARIANTS:
            raise ConfigError(f"variant is {self.variant!r}; allowed are {', '.join(VARIANTS)}")
        if self.text_attention not in TEXT_ATTENTIONS:
            raise ConfigError(
                f"text_attention is {self.text_attention!r}; allowed are"
                f" {', '.join(TEXT_ATTENTIONS)}"
            )
        if self.num_heads < 1:
            raise ConfigError(f"num_heads is {self.num_heads}; it must be at least 1")
        # The shared adapter attends at half the bottleneck.
        step = self.num_heads * (2 if towers else 1)
        if self.bottleneck_dim < step or self.bottleneck_dim % step:
            raise ConfigError(
                f"bottleneck_dim is {self.bottleneck_dim} with {self.num_heads} heads; it must be a"
                f" multiple of {step}"
            )
