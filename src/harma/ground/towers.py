"""The two towers of every backbone, by name; no torch here."""

from typing import Literal

Tower = Literal["image", "text"]

TOWERS: tuple[Tower, Tower] = ("image", "text")
