"""Embedding speed of each row's model, in turns with its bare backbone in the same process."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harma.comparison.models import device_of, open_bare, open_run
from harma.comparison.plan import Plan
from harma.comparison.plan_rows import PlanRow
from harma.comparison.runs import Run, finished_runs, known_runs
from harma.ground.files import write_json
from harma.ground.reading import read_yaml
from harma.model.model import HarMA
from harma.training.build import load_splits

SPEED_FILE = "speed.json"
NUM_IMAGES = 32
NUM_CAPTIONS = 64
# A round is long enough for the clock, and many rounds for a machine that does other things too.
ROUNDS = 7
ROUND_SECONDS = 0.1
MOST_REPEATS = 200


@dataclass(frozen=True)
class Speed:
    """Embeddings of a second, by the model alone: nothing is read, decoded or tokenised.

    Attributes:
        run: measured.
        device: it ran on.
        threads: of the processor.
        images: a second, in batches of 32 of random pixels.
        texts: a second, in batches of 64 captions of the validation split.
        image_ratio: of the bare backbone's images a second, measured in turns with it.
        text_ratio: of its texts a second.
    """

    run: str
    device: str
    threads: int
    images: float
    texts: float
    image_ratio: float
    text_ratio: float


def read_speeds(plan: Plan) -> dict[str, Speed]:
    """What was measured, by row."""
    path = plan.output / SPEED_FILE
    if not path.is_file():
        return {}
    content = read_yaml(path, "the speeds")
    return {name: Speed(**values) for name, values in content.items()}


def measure_speeds(
    plan: Plan, rows: Iterable[PlanRow], say: Callable[[str], None] = lambda _: None
) -> None:
    """Measure each row whose runs have all ended, once for the run that stands for it.

    Args:
        plan: the comparison.
        rows: those to measure.
        say: told what happens.
    """
    speeds = read_speeds(plan)
    for row in rows:
        run = _measured_run(plan, row)
        if run is None:
            continue
        name = str(run.path.relative_to(plan.output))
        if row.name in speeds and speeds[row.name].run == name:
            continue
        speed = measure(run, name)
        speeds[row.name] = speed
        write_json(plan.output / SPEED_FILE, {key: asdict(value) for key, value in speeds.items()})
        say(f"{row.name}: embeds {speed.images:.3g} images/s, {speed.texts:.3g} texts/s")


def _measured_run(plan: Plan, row: PlanRow) -> Run | None:
    """The first finished run of a row's chosen rate; None while a run of the row goes on."""
    if not all(run.ended for run in known_runs(plan, row)):
        return None
    return next(iter(finished_runs(plan, row)), None)


def measure(run: Run, name: str) -> Speed:
    """Measure a run's best model in turns with its bare backbone.

    Args:
        run: finished.
        name: it goes by.
    """
    model = open_run(run)
    bare = open_bare(run.recipe)
    device = device_of(run.recipe)
    # Real captions, whose length decides the time of some text towers.
    captions = load_splits(run.recipe.data, "val")["val"].captions
    drawn = np.random.default_rng(0).integers(0, len(captions), NUM_CAPTIONS)
    tokens = model.tokenize([captions[i] for i in drawn]).to(device)
    generator = torch.Generator().manual_seed(0)
    shape = (NUM_IMAGES, *model.preprocess.shape)
    # Random pixels cost what images cost: nothing here depends on what is in them.
    pixels = torch.randn(shape, generator=generator).to(device)
    images = _in_turns(model, bare, lambda one: one.encode_image(pixels), NUM_IMAGES)
    texts = _in_turns(model, bare, lambda one: one.encode_text(tokens), NUM_CAPTIONS)
    return Speed(
        run=name,
        device=str(device),
        threads=torch.get_num_threads(),
        images=images.per_second,
        texts=texts.per_second,
        image_ratio=images.ratio,
        text_ratio=texts.ratio,
    )


class _Measured(NamedTuple):
    """Embeddings a second, and their ratio to those of the bare backbone."""

    per_second: float
    ratio: float


@torch.inference_mode()
def _in_turns(model: HarMA, bare: HarMA, embed: Callable[[HarMA], Tensor], count: int) -> _Measured:
    """Medians over rounds that measure one model right after the other."""
    # The first call of each also allocates and compiles.
    for one in (model, bare):
        _seconds(embed, one, 1)
    once = max(_seconds(embed, bare, 1), 1e-6)
    repeats = max(1, min(MOST_REPEATS, round(ROUND_SECONDS / once)))
    speeds = []
    ratios = []
    for _ in range(ROUNDS):
        # In turns, so that what slows the machine for a while slows both.
        bare_seconds = _seconds(embed, bare, repeats)
        seconds = _seconds(embed, model, repeats)
        speeds.append(repeats * count / seconds)
        ratios.append(bare_seconds / seconds)
    return _Measured(statistics.median(speeds), statistics.median(ratios))


def _seconds(embed: Callable[[HarMA], Tensor], model: HarMA, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        # Copying to the CPU waits for the device.
        embed(model).cpu()
    return time.perf_counter() - start
