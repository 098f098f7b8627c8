"""An edge of which every input goes wrong in a way of its own: the frame has to see each."""

import os
import subprocess
import time

import numpy as np
from tests.fuzz.edge import Edge, Verdict

from harma.errors import DataError

WAYS = (
    "right", "clean", "traceback", "hang", "memory", "died", "silent", "vague", "unnamed", "child",
)  # fmt: skip


def make(chance, folder):
    (folder / "picture.png").write_bytes(b"made")


def judge(folder, made):
    way = WAYS[int(folder.name.rpartition("-")[2])]
    file = str(folder / "picture.png")
    if way == "clean":
        raise DataError("it is no picture; allowed are PNG and JPEG", source=file)
    if way == "traceback":
        raise KeyError("width")
    if way == "hang":
        time.sleep(60)
    if way == "memory":
        # Written, as memory that nobody touches is not taken.
        kept = np.ones(1200 << 20, np.uint8)
        time.sleep(60)
        del kept
    if way == "died":
        os.abort()
    if way == "silent":
        return Verdict("silent", "left out without a word")
    if way == "vague":
        raise DataError("it cannot be read (OverflowError: int too big)", source=file)
    if way == "unnamed":
        raise DataError("it cannot be read")
    if way == "child":
        subprocess.run(["sleep", "61.25"], check=True)
    return None


EDGE = Edge("tests.fuzz.made_edge", make, judge)
