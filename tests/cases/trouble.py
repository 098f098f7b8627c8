"""Trouble on demand, in one process of a training: what the tests of several machines strike with.

The variable TROUBLE says where, what and in which process: `step:kill:1`. A recipe whose
`data.transform` is `trouble.transform` is exposed to it.
"""

import errno
import os
import signal
import subprocess
import time
from pathlib import Path

import torch

from harma.data.transforms import train_transform
from harma.training import agreed, results, step

WHERE, WHAT, RANK = os.environ.get("TROUBLE", "nowhere:none:0").split(":")
# Of the places that are passed again and again, the passage that is struck.
# 6 steps are an epoch of the tiny data in batches of 8.
PASSAGES = {"step": 9, "evaluation": 1, "saving": 1}
_passed = 0


def strike(where: str) -> None:
    """Pass a place; here something may happen."""
    global _passed
    rank = os.environ.get("RANK", os.environ.get("SLURM_PROCID", os.environ.get("LOCAL_RANK", "0")))
    if (where, rank) != (WHERE, RANK):
        return
    _passed += 1
    if _passed != PASSAGES.get(where, 1):
        return
    Path("struck.txt").write_text(str(time.time()))
    match WHAT:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "cut":
            subprocess.run(["ip", "link", "set", "cable", "down"], check=True)
        case "interrupt":
            signal.raise_signal(signal.SIGINT)
        case "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "run/last/state.pt")
        case "raise":
            raise RuntimeError("something of a library")
        case "memory":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def transform(size, mean, std):
    """The usual transform."""
    strike("start")
    return train_transform(size, mean, std, augment=False)


def exposed(function, where):
    """A function that passes a place."""

    def call(*args, **options):
        strike(where)
        return function(*args, **options)

    return call


torch.save = exposed(torch.save, "saving")
results.embed_split = exposed(results.embed_split, "evaluation")
step.embed = exposed(step.embed, "step")
agreed.embed = exposed(agreed.embed, "step")
