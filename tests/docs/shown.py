"""What the pages show: fenced blocks and the commands in them."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    ]
    if "_build" not in path.parts
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and text."""

    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Its lines if it is for a shell, without comments, continued lines joined."""
        if self.language not in ("", "bash", "console"):
            return []
        lines = (
            re.sub(r"(^|\s)#.*", "", line).strip()
            for line in self.text.replace("\\\n", " ").splitlines()
        )
        return [line for line in lines if line]


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page; directives of Sphinx are none."""
    return _blocks(PAGES[page].read_text(encoding="utf-8"))


def sections_of(page: str) -> dict[str, list[Block]]:
    """The blocks of each section (## or ###) of a page that has any, by the section's title."""
    parts = re.split(r"^###? (.*)\n", PAGES[page].read_text(encoding="utf-8"), flags=re.M)
    titles = ["", *parts[1::2]]
    blocks = {title: _blocks(text) for title, text in zip(titles, parts[::2], strict=True)}
    return {title: shown for title, shown in blocks.items() if shown}


def _blocks(text: str) -> list[Block]:
    fences = re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.M | re.S)
    return [
        Block(language.strip(), text) for language, text in fences if not language.startswith("{")
    ]


def inline_commands(page: str) -> list[str]:
    """`harma VERB …` in the prose of a page."""
    prose = re.sub(r"^```.*?^```$", "", PAGES[page].read_text(encoding="utf-8"), flags=re.M | re.S)
    return [" ".join(text.split()) for text in re.findall(r"`(harma [^`]+)`", prose)]


def arguments_of(command: str) -> list[str] | None:
    """The arguments of `harma` or `python -m harma`; None for another program."""
    words = shlex.split(command)
    if words[:3] == ["python", "-m", "harma"]:
        return words[3:]
    return words[1:] if words[0] == "harma" else None
