"""How errors are judged: named by file and reason, in our own words, or not."""

import contextlib
import io
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from tests.fuzz.edge import CLEAN, Verdict

from harma.cli import main
from harma.cli.crash import CRASHED
from harma.errors import HarmaError

# Signs of a message that a library wrote for its own programmers.
FOREIGN = re.compile(
    r"\b[A-Z]\w*(?:Error|Exception|Warning)\b|Traceback|panicked|\.rs:\d|/rustc/"
    r"|object has no attribute|unexpected keyword|positional argument|<class '|not subscriptable"
    r"|0x[0-9a-f]{6,}|NoneType"
)
NUMBER = re.compile(r"[-+]?\d[\d_,.]*(?:e[-+]?\d+)?")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
PATH = re.compile(r"\S*/\S+")
CAUSE_LENGTH = 100
MESSAGE_LENGTH = 3000


@dataclass
class Answer:
    """What a command said.

    Attributes:
        status: its exit status.
        out, err: what it printed.
    """

    status: int
    out: str
    err: str


def cause_of(message: str) -> str:
    """A message without what differs between inputs of one cause."""
    text = PATH.sub("…", QUOTED.sub("'…'", message.replace("\n", " ")))
    shown = NUMBER.sub("#", text)[:CAUSE_LENGTH]
    # Halves of surrogate pairs cannot be written.
    return shown.encode("utf-8", "backslashreplace").decode()


def judge_message(message: str, names: Sequence[str]) -> Verdict:
    """Whether an error of ours says which file, and why, in words for people."""
    cause = cause_of(message)
    without_names = message
    for name in names:
        without_names = without_names.replace(name, "")
    if len(message) > MESSAGE_LENGTH:
        return Verdict("vague", "a message without end", message[:MESSAGE_LENGTH])
    if FOREIGN.search(without_names):
        return Verdict("vague", cause, message)
    if names and not any(name in message for name in names):
        return Verdict("vague", f"names no file: {cause}", message)
    return Verdict(CLEAN, cause, message)


def judge_error(error: BaseException, names: Sequence[str]) -> Verdict:
    """The verdict on what was raised."""
    if isinstance(error, HarmaError):
        return judge_message(str(error), names)
    lines = traceback.format_exception(error)
    place = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "harma" in frame.filename
    ]
    where = f"{place[-1].filename.rpartition('harma/')[2]}:{place[-1].name}" if place else ""
    cause = f"{type(error).__name__} {where} {cause_of(str(error))}"[:CAUSE_LENGTH]
    return Verdict("traceback", cause, "".join(lines)[-8000:])


def command(arguments: Sequence[str]) -> Answer:
    """Run `harma …` in this process; of what no command catches it prints a crash report."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(list(arguments))
        except SystemExit as error:
            status = int(error.code or 0)
    return Answer(status, out.getvalue(), err.getvalue())


def judge_answer(answer: Answer, names: Sequence[str]) -> Verdict | None:
    """The verdict on a command that refused or crashed; None where it did its work (0 or 1)."""
    if answer.status in (0, 1):
        return None
    if answer.status == CRASHED:
        report = answer.err[answer.err.index("error:") :]
        cause = " ".join(report.splitlines()[:2])
        return Verdict("traceback", cause_of(cause), report)
    lines = [line for line in answer.err.splitlines() if "error:" in line]
    if not lines:
        return Verdict("silent", f"exit status {answer.status} without a word", answer.err)
    said = answer.err[answer.err.index(lines[0]) :]
    return judge_message(said.partition("error:")[2].strip(), names)
