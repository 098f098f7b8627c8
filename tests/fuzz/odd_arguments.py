"""Command lines of every verb, made from what its own parser declares: good, then one part odd."""

import argparse
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from tests.fuzz.odd_texts import (
    DATES,
    FILES,
    NUMBERS,
    OUTPUTS,
    TEXTS,
    WORDS,
    listed,
    odd_condition,
    odd_numbers,
    odd_polygon,
)

from harma.cli import VERBS
from harma.cli.command import module_command

# They listen, wait for a person or another program, or take minutes whatever is given.
LEFT_OUT = ("serve", "mcp", "demo", "train", "compare", "data download")
# Arguments whose odd values would start other programs, or reach other machines.
UNTOUCHED = ("engine", "address", "help")
# Processes are not started: the folder that they would be started in goes with the input.
WORKERS = "num_workers"
NO_WORKERS = ("0", "-1", "²", "nan", "1e999", "", "x", "1" + "0" * 18, "9" * 5000, "1.5", "1025")
# Files and folders that are read.
READ = (
    "sources", "images", "image", "captions", "queries", "topics", "against", "asked", "file",
    "checkpoint", "architecture", "templates", "vocabulary", "data", "root", "directory", "others",
    "directories", "model", "backbone", "runs", "what", "calibrate", "classes", "old", "new",
    "webhook_secret_file", "state", "like", "unlike", "name", "search", "recipe",
)  # fmt: skip
# What is written: never a place outside of the folder of the input.
WRITTEN = ("output", "json", "text_file", "picture")
NUMBERED = ("k", "offset", "radius_km", "radius", "folds", "least_score")
DATED = ("before", "after", "since", "until")
# Of these a large number is work that was asked for.
MODEST = ("train", "val", "test", "captions", "grid", "size", "tiles")
MODEST_NUMBERS = ("0", "-1", "1", "²", "nan", "1e999", "", "1.5", "x", "\0", "--", "-0", "3")


@dataclass(frozen=True)
class Verb:
    """A verb, or an action of a verb.

    Attributes:
        words: as they are typed.
        actions: its arguments, as its parser declares them.
    """

    words: tuple[str, ...]
    actions: tuple[argparse.Action, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Its words in one."""
        return " ".join(self.words)


@cache
def verbs() -> list[Verb]:
    """All verbs and actions that end by themselves."""
    found = []
    for name, (module, summary) in VERBS.items():
        command = module_command(import_module(f"harma.cli.{module}"), name, summary)
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        found += [verb for verb in _inner((name,), parser) if verb.name not in LEFT_OUT]
    return found


def _inner(words: tuple[str, ...], parser: argparse.ArgumentParser) -> Iterator[Verb]:
    choices: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            choices = action.choices
    if not choices:
        actions = [action for action in parser._actions if action.dest not in UNTOUCHED]
        yield Verb(words, tuple(actions))
    for name, choice in choices.items():
        yield from _inner((*words, name), choice)


class CommandLine:
    """A command line of a verb.

    Args:
        chance: decides.
        verb: the verb.
        good: what an argument may be given: of (verb, name of the argument) a good value, or None.
    """

    def __init__(
        self, chance: random.Random, verb: Verb, good: Callable[[Verb, str], str | None]
    ) -> None:
        self.chance = chance
        self.verb = verb
        self.good = good

    def odd(self) -> list[str]:
        """A good one, with something odd in it."""
        parts = self._parts()
        for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
            self._change(parts)
        kind = self.chance.random()
        words = [word for part in parts for word in part]
        if kind < 0.04 and words:
            words.pop(self.chance.randrange(len(words)))
        elif kind < 0.08:
            words.insert(self.chance.randrange(len(words) + 1), self.chance.choice(TEXTS))
        elif kind < 0.1:
            words = words * 2
        return [*self.verb.words, *words]

    def _parts(self) -> list[list[str]]:
        """What is needed, and some of what is not."""
        parts = []
        for action in self.verb.actions:
            value = self.good(self.verb, action.dest)
            is_needed = action.required or not action.option_strings or action.dest == WORKERS
            if value is None or not (is_needed or self.chance.random() < 0.1):
                continue
            parts.append(self._part(action, value))
        return parts

    def _part(self, action: argparse.Action, value: str) -> list[str]:
        if not action.option_strings:
            return [value]
        if action.nargs == 0:
            return [action.option_strings[0]]
        if value.startswith("-") and self.chance.random() < 0.8:
            return [f"{action.option_strings[0]}={value}"]
        return [action.option_strings[0], value]

    def _change(self, parts: list[list[str]]) -> None:
        action = self.chance.choice(self.verb.actions)
        if action.nargs == 0:
            parts.append(self._part(action, ""))
            return
        value = self.odd_value(action)
        place = self._place_of(action, parts)
        if not action.option_strings and place is not None:
            parts[place] = [value]
        elif self.chance.random() < 0.05:
            # Without a value, or with several.
            parts.append(action.option_strings[:1] + [value, value] * self.chance.randrange(2))
        else:
            parts.append(self._part(action, value))

    def _place_of(self, action: argparse.Action, parts: list[list[str]]) -> int | None:
        """Where a positional argument stands."""
        good = self.good(self.verb, action.dest)
        return next((place for place, part in enumerate(parts) if part == [good]), None)

    def odd_value(self, action: argparse.Action) -> str:
        """What nobody should give to an argument; seldom a good value of another one."""
        if self.chance.random() < 0.05:
            other = self.chance.choice(self.verb.actions)
            if self.is_written(action) == self.is_written(other):
                return self.good(self.verb, other.dest) or ""
        return self._generator(action)(self.chance)

    def is_written(self, action: argparse.Action) -> bool:
        """Whether an argument names what is written."""
        kind = getattr(action.type, "__name__", "")
        makes_it = (self.verb.name, action.dest) in MADE
        return makes_it or action.dest in WRITTEN or kind.startswith("output")

    def _generator(self, action: argparse.Action) -> Callable[[random.Random], str]:
        named: dict[str, Callable[[random.Random], str]] = {
            "where": odd_condition,
            "polygon": odd_polygon,
            **dict.fromkeys(("bbox", "near", "scales", "ratios", "stretch", "bands"), odd_numbers),
            **dict.fromkeys(DATED, listed(DATES)),
        }
        if self.is_written(action):
            return listed(OUTPUTS)
        if action.dest == WORKERS:
            return listed(NO_WORKERS)
        if action.dest in MODEST and self.verb.name in ("data scenes", "explain", "index build"):
            return listed(MODEST_NUMBERS)
        if action.dest in named:
            return named[action.dest]
        if action.choices is not None:
            return listed(WORDS)
        kind = getattr(action.type, "__name__", "")
        if kind in ("positive", "count", "int", "float", "floats", "_floats") or action.nargs == 3:
            return listed(NUMBERS)
        return listed(FILES if action.dest in READ else TEXTS)


# Arguments by which a command is told where to put what it makes.
MADE = (
    ("index build", "directory"),
    ("index import", "directory"),
    ("data scenes", "directory"),
    ("index export", "file"),
    ("data vocabulary", "text"),
    ("searches export", "output"),
)
