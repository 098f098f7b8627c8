"""Last words of a command that was interrupted: what is kept, and which command goes on."""

import shlex
import signal
from collections.abc import Sequence

from harma.scenes.addresses import said_without_secrets

WHOLE = "files are written whole or not at all, so none is half written"
# Verb, or verb and action → what is kept of it. Others write nothing, or files that are whole.
KEPT = {
    "index build": "the chips that were written are kept",
    "index add": "the chips that were written are kept",
    "index reembed": "the old embeddings answer, and the new ones that were written are kept",
    "index import": "the chips that were written are kept",
    "index remove": "what was removed is removed, and all else is kept",
    "index relocate": "the sources that were renamed keep their new names",
    "index optimize": "all chips are kept, and are searched",
    "index split": "the index is as it was, and what was copied is kept",
    "index merge": "the indexes are as they were, and what was copied is kept",
    "data download": "the part that came is kept",
    "train": "what its last checkpoint holds is kept",
    "compare": "runs that are finished are kept, and the others go on from their checkpoints",
    "serve": "what was answered is kept",
    "mcp": "what was answered is kept",
    "demo": "the parts that are finished are kept",
    "watch run": "the events that were noted are kept",
    "watch add": "the events that were noted are kept",
}


def last_words(arguments: Sequence[str], number: int, notes: Sequence[str] = ()) -> str:
    """The line that an interrupted command ends with.

    Args:
        arguments: of the program.
        number: of the signal.
        notes: what the command itself says of it; "" takes what is known of its verb.
    """
    name = signal.Signals(number).name
    if notes:
        return f"interrupted ({name}): {'; '.join(notes)}"
    kept = KEPT.get(" ".join(arguments[:2])) or KEPT.get(arguments[0] if arguments else "", WHOLE)
    return f"interrupted ({name}): {kept}; go on with: {said_command(arguments)}"


def said_command(arguments: Sequence[str]) -> str:
    """The command as it can be typed, without passwords, tokens and signatures of addresses."""
    return said_without_secrets(shlex.join(["harma", *arguments]))
