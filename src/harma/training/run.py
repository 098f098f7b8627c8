"""The directory of a run: recipe, environment, log, checkpoint, results (DESIGN, On disk)."""

import json
import logging
import os
import platform
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
import yaml

from harma.errors import ConfigError, MissingFileError, WeightsError
from harma.ground.files import recover_directory, replacing, write_json, write_text
from harma.ground.leftovers import remove_leftovers
from harma.ground.lock import LOCK_FILE
from harma.ground.messages import plain_reason
from harma.ground.reading import read_events, read_yaml
from harma.ground.version import __version__
from harma.model.precision import Precision

log = logging.getLogger(__name__)

# What there can be before a run has begun.
BEGINNINGS = (LOCK_FILE, "environment.json", "log.jsonl", "backbone")
# What every checkpoint holds.
STATE_KEYS = {"model", "optimizer", "precision", "world_size", "made_from"}
# What torch raises of a file that is no checkpoint, depending on where it breaks.
UNREADABLE = (
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    UnpicklingError,
    LookupError,
    TypeError,
    AttributeError,
    struct.error,
)
# Whose versions a run writes down.
LIBRARIES = ("torch", "torchvision", "open_clip_torch", "lightning-fabric", "numpy")
BEGIN_AGAIN = "delete it to begin the run again from its first step"


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        epoch: the epoch that runs, from 1.
        batch: batches of it that are done.
        step: steps of the whole run that are done.
        epoch_loss: sum of the losses of this epoch's batches.
        seconds: time spent training so far.
        best: best validation figure.
        best_epoch: when it was reached; 0 if not yet.
        stale: validations since then.
        chunk_size: images per forward pass; None: all of a batch. A resumed run goes on with it.
        step_precision: what frozen weights are computed in. A resumed run goes on with it, also
            where a measurement on another machine would say another.
    """

    epoch: int = 1
    batch: int = 0
    step: int = 0
    epoch_loss: float = 0.0
    seconds: float = 0.0
    best: float = float("-inf")
    best_epoch: int = 0
    stale: int = 0
    chunk_size: int | None = None
    step_precision: Precision = "float32"


class RunDirectory:
    """Paths and writing of one run's directory.

    Args:
        path: the directory.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.recipe = self.path / "recipe.yaml"
        self.log = self.path / "log.jsonl"
        self.state = self.path / "last" / "state.pt"
        self.best = self.path / "best"
        self.metrics = self.path / "metrics.json"
        self.backbone = self.path / "backbone"

    def check_free(self) -> None:
        """Make sure that a new run can be made here.

        Raises:
            ConfigError: the directory holds a run, or something else, or cannot be written.
        """
        if self.recipe.exists():
            raise ConfigError(
                f"{self.path} holds a run already; continue it with `harma train --resume"
                f" {self.path}`, or choose another --output"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in (*BEGINNINGS, self.recipe.name):
                remove_leftovers(self.path / name)
            names = sorted(path.name for path in self.path.iterdir())
        except OSError as error:
            raise ConfigError(
                f"the output {self.path} cannot be used ({error.strerror}); choose another"
            ) from error
        # What a run that was killed at its very start leaves is not in the way.
        foreign = [name for name in names if name not in BEGINNINGS]
        if foreign:
            raise ConfigError(
                f"the output {self.path} holds files that are no run ({', '.join(foreign[:3])}); "
                "choose a new or an empty directory"
            )

    def begin(self, recipe: Mapping[str, object]) -> None:
        """Write what a new run was made from."""
        write_json(self.path / "environment.json", environment())
        self.log.unlink(missing_ok=True)
        # Last: where a recipe is, there is a run.
        write_text(self.recipe, yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True))

    def read_recipe(self) -> dict[str, Any]:
        """The recipe the run was begun with.

        Raises:
            MissingFileError: the directory holds no run.
        """
        if not self.recipe.is_file():
            raise MissingFileError(
                f"{self.path} holds no run (there is no recipe.yaml); nothing to resume"
            )
        recipe = read_yaml(self.recipe, "the recipe")
        if not isinstance(recipe, dict):
            raise ConfigError(
                f"the recipe {self.recipe} holds {type(recipe).__name__}; a recipe is a mapping"
            )
        return recipe

    def state_stamp(self) -> list[int] | None:
        """Size and time of the checkpoint, by which a copy is told; None where there is none."""
        if not self.state.is_file():
            return None
        status = self.state.stat()
        return [status.st_size, status.st_mtime_ns]

    def check_same(
        self, recipe: Mapping[str, object], stamp: list[int] | None, process: str
    ) -> None:
        """Check that what lies here is the run that the first process resumes, or nothing.

        Args:
            recipe: of the first process's run.
            stamp: of its checkpoint.
            process: this one, for messages.

        Raises:
            ConfigError: it is another run.
        """
        if not self.recipe.is_file():
            return
        here = self.read_recipe()
        names = sorted({*here, *recipe})
        differing = [name for name in names if here.get(name) != recipe.get(name)]
        if differing:
            raise ConfigError(
                f"{self.path.absolute()} of {process} holds another run than that of the first"
                f" process (rank 0), which is resumed ({', '.join(differing)} differ). A run lies"
                " on the first machine alone or in a folder that all share: move this one away"
            )
        if self.state_stamp() != stamp:
            log.warning(
                "%s of %s holds a copy of the run with another checkpoint; it is not used: the run"
                " goes on from that of the first process",
                self.path.absolute(),
                process,
            )

    def write_log(self, event: str, **values: float) -> None:
        """Append a line of JSON."""
        content = {"event": event, "time": round(time.time(), 3), **values}
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(content, ensure_ascii=False) + "\n")

    def save_state(self, state: Mapping[str, object], progress: Progress) -> None:
        """Write the checkpoint that a killed run continues from."""
        size = self.log.stat().st_size if self.log.exists() else 0
        with replacing(self.state) as temporary:
            torch.save({**state, "progress": asdict(progress), "log_size": size}, temporary)

    def load_state(self) -> tuple[dict[str, Any], Progress] | None:
        """Read the checkpoint, and cut the log back to where it was written.

        Returns:
            What was saved, and how far the run had come; None if there is no checkpoint yet.

        Raises:
            WeightsError: the checkpoint cannot be read.
        """
        recover_directory(self.best)
        if not self.state.exists():
            self.log.unlink(missing_ok=True)
            return None
        # A pipe would be waited for.
        if not self.state.is_file():
            raise WeightsError(f"{self.state} is no file; {BEGIN_AGAIN}")
        try:
            state: dict[str, Any] = torch.load(self.state, map_location="cpu", weights_only=True)
            progress = Progress(**state.pop("progress"))
            size = int(state.pop("log_size"))
            missing = STATE_KEYS - state.keys()
        except UNREADABLE as error:
            reason = plain_reason(error, "it is damaged", length=160)
            raise WeightsError(f"{self.state} cannot be read ({reason}); {BEGIN_AGAIN}") from error
        if missing:
            raise WeightsError(f"{self.state} lacks {', '.join(sorted(missing))}; {BEGIN_AGAIN}")
        # The steps after the checkpoint are taken, and logged, again.
        if self.log.exists() and self.log.stat().st_size > size:
            os.truncate(self.log, size)
        return state, progress

    def read_log(self) -> Iterator[dict[str, Any]]:
        """The lines of the log, first to last."""
        yield from read_events(self.log)


def environment() -> dict[str, str | int | None]:
    """What the run ran on: versions, machine and command."""
    gpu = None
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_name()
    return {
        "harma": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
