"""What may lie where a file is expected: nothing, a folder, links, a pipe, another file."""

import os
import random
from collections.abc import Sequence
from pathlib import Path


def odd_place(chance: random.Random, path: Path, others: Sequence[Path]) -> None:
    """Put something else in a file's place.

    Args:
        chance: decides.
        path: the file.
        others: files beside it, one of which may take its place.
    """
    kind = chance.choice(("gone", "folder", "loop", "pipe", "endless", "dangling", "swapped"))
    content = b""
    candidates = [other for other in others if other != path and other.is_file()]
    if kind == "swapped" and candidates:
        content = chance.choice(candidates).read_bytes()
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "dangling":
        path.symlink_to("/nonexistent")
    elif kind == "swapped":
        path.write_bytes(content)
