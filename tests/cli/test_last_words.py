"""What a command that was interrupted says."""

import argparse
import signal

import pytest

from harma.cli import VERBS
from harma.cli.last_words import KEPT, last_words, said_command


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["index", "build", "a", "b"], "the chips that were written are kept"),
        (["index", "reembed", "a"], "the old embeddings answer"),
        (["train", "x"], "what its last checkpoint holds is kept"),
        (["embed", "x"], "files are written whole or not at all"),
        ([], "files are written whole or not at all"),
    ],
)
def test_it_says_what_is_kept_and_the_command(arguments, kept):
    told = last_words(arguments, signal.SIGTERM)
    assert told.startswith(f"interrupted (SIGTERM): {kept}")
    assert told.endswith(f"; go on with: {' '.join(['harma', *arguments])}")
    assert "\n" not in told


def test_a_command_may_say_it_better():
    told = last_words(["train", "x"], signal.SIGINT, ["all is kept; go on with: harma x"])
    assert told == "interrupted (SIGINT): all is kept; go on with: harma x"


def test_the_command_can_be_typed_and_holds_no_secret():
    told = said_command(["index", "add", "my archive", "https://me:s3cret@host/a.tif?sig=abc&id=5"])
    assert told == "harma index add 'my archive' 'https://host/a.tif?id=5'"


def actions(verb, module):
    """The actions of a verb as its help lists them."""
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    (choices,) = [one for one in parser._actions if one.choices]
    return {f"{verb} {name}" for name in choices.choices}


def test_what_is_said_of_is_there():
    from harma.cli import data, index, watch

    there = {*VERBS}
    for verb, module in (("index", index), ("data", data), ("watch", watch)):
        there |= actions(verb, module)
    assert KEPT.keys() <= there
