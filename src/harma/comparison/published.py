"""Published figures that can stand beside measured ones."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True)
class PublishedRow:
    """A figure as its source prints it; nothing of it was measured here.

    Attributes:
        method: with its backbone.
        trained: parameters trained, as stated; "" where they are not.
        recalls: i2t and t2i R@1, 5, 10 in percent, or () where only mR is published.
        mean_recall: their mean (mR).
        source: where it is printed.
    """

    method: str
    trained: str
    recalls: tuple[float, ...]
    mean_recall: float
    source: str


def published_sets() -> tuple[str, ...]:
    """Data sets with published figures."""
    return tuple(_content()["sets"])


def published_note() -> str:
    """What a reader of the figures must know."""
    return str(_content()["note"])


def published_rows(name: str | None) -> list[PublishedRow]:
    """The published figures of a data set, as their sources print them; [] of None."""
    if name is None:
        return []
    return [
        PublishedRow(
            method=row["method"],
            trained=row.get("trained", ""),
            recalls=tuple(row.get("recalls", ())),
            mean_recall=row["mR"],
            source=row["source"],
        )
        for row in _content()["sets"][name]
    ]


@cache
def _content() -> dict[str, Any]:
    # Each figure stands there with its source.
    path = files("harma.comparison") / "published.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content
