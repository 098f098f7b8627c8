"""Crash reports: what a person is told who meets a bug of HarMA, and what to send to whom.

A report names version, Python, platform and command. Secrets are left out: passwords, tokens and
signatures of addresses, and values of the environment.
"""

import os
import platform
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from harma.cli.last_words import said_command
from harma.ground.messages import in_one_line
from harma.ground.version import __version__
from harma.scenes.addresses import said_without_secrets

# Of a bug of ours; `sysexits.h` calls it an internal software error.
CRASHED = 70
# Innermost places that a report names.
PLACES = 4
# Of the error's own words.
WORDS = 300
PACKAGE = Path(__file__).resolve().parents[1]
# Names of variables whose values are nobody's business, and what is too short to be looked for.
SECRET_NAME = re.compile(r"key|token|secret|pass|credential|auth|signature|database_url", re.I)
SHORTEST_SECRET = 6
# What follows is an address of which the path is a secret.
WEBHOOK = re.compile(r"(--webhook[ =]'?[a-z]+://[^/'\s]+/)[^'\s]*")


def crash_report(error: BaseException, arguments: Sequence[str]) -> str:
    """A few lines on an error that nobody thought of.

    Args:
        error: what was raised.
        arguments: of the program.
    """
    what = f"{type(error).__name__}: {in_one_line(error, length=WORDS)}"
    version = f"HarMA {__version__}, Python {platform.python_version()}, {platform.platform()}"
    lines = [
        f"error: this is a bug of HarMA: {what}",
        f"  at       {_places(error)}",
        f"  versions {version}",
        f"  command  {said_command(arguments)}",
        "  Please report it with these lines where you got HarMA from; look them through before. "
        "With --debug the command shows the whole traceback.",
    ]
    return without_secrets("\n".join(lines))


def told_traceback(error: BaseException) -> str:
    """The traceback of an error, without secrets."""
    return without_secrets("".join(traceback.format_exception(error)).rstrip())


def without_secrets(text: str) -> str:
    """A text without passwords, tokens, signatures, and secrets of the environment."""
    text = WEBHOOK.sub(r"\1…", said_without_secrets(text))
    for name, value in os.environ.items():
        if len(value) >= SHORTEST_SECRET and SECRET_NAME.search(name):
            text = text.replace(value, f"${name}")
    return text


def _places(error: BaseException) -> str:
    """Where it happened, the innermost place first."""
    frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
    places = [f"{_module(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return " < ".join(reversed(places)) or "an unknown place"


def _module(file: str) -> str:
    """A file without the folders of this machine that it lies in."""
    path = Path(file)
    for folder in (PACKAGE.parent, *map(Path, sys.path)):
        if folder.is_absolute() and path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.name
