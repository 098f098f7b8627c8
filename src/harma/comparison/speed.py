"""How fast each row's model embeds, beside its bare backbone in the same process."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from harma.comparison.models import device_of, open_bare, open_run
from harma.comparison.plan import Plan, Row
from harma.comparison.runs import Run, known_runs, seed_runs
from harma.ground.files import write_json
from harma.ground.reading import read_yaml
from harma.model.model import HarMA
from harma.training.build import load_splits

FILE = "speed.json"
IMAGES, CAPTIONS = 32, 64
# A round is long enough for the clock, and many rounds for a machine that does other things too.
ROUNDS, ROUND_SECONDS = 7, 0.1


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
    path = plan.output / FILE
    content = read_yaml(path, "the speeds") if path.is_file() else {}
    return {name: Speed(**values) for name, values in content.items()}


def measure_speeds(
    plan: Plan, rows: Iterable[Row], say: Callable[[str], None] = lambda _: None
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
        if run is None or (
            row.name in speeds and speeds[row.name].run == str(run.path.relative_to(plan.output))
        ):
            continue
        speeds[row.name] = measure(run, str(run.path.relative_to(plan.output)))
        write_json(plan.output / FILE, {name: asdict(speed) for name, speed in speeds.items()})
        say(
            f"{row.name}: embeds {speeds[row.name].images:.3g} images/s,"
            f" {speeds[row.name].texts:.3g} texts/s"
        )


def _measured_run(plan: Plan, row: Row) -> Run | None:
    if any(run.state() not in ("finished", "failed") for run in known_runs(plan, row)):
        return None
    return next((run for run in seed_runs(plan, row) if run.state() == "finished"), None)


def measure(run: Run, name: str) -> Speed:
    """Measure a run's best model in turns with its bare backbone.

    Args:
        run: finished.
        name: it goes by.
    """
    model, bare = open_run(run), open_bare(run.recipe)
    device = device_of(run.recipe)
    captions = load_splits(run.recipe.data, "val")["val"].captions
    drawn = np.random.default_rng(0).integers(0, len(captions), CAPTIONS)
    tokens = model.tokenize([captions[i] for i in drawn]).to(device)
    pixels = torch.randn(
        IMAGES, 3, *model.preprocess.size, generator=torch.Generator().manual_seed(0)
    ).to(device)
    images, image_ratio = _in_turns(model, bare, lambda m: m.encode_image(pixels), IMAGES)
    texts, text_ratio = _in_turns(model, bare, lambda m: m.encode_text(tokens), CAPTIONS)
    return Speed(name, str(device), torch.get_num_threads(), images, texts, image_ratio, text_ratio)


@torch.inference_mode()
def _in_turns(
    model: HarMA, bare: HarMA, embed: Callable[[HarMA], Tensor], count: int
) -> tuple[float, float]:
    """Embeddings a second, and their ratio to the bare backbone's: medians over rounds."""
    speeds, ratios = [], []
    for one in (model, bare):  # to warm up
        _seconds(embed, one, 1)
    repeats = max(1, min(200, round(ROUND_SECONDS / max(_seconds(embed, bare, 1), 1e-6))))
    for _ in range(ROUNDS):
        bare_seconds, seconds = _seconds(embed, bare, repeats), _seconds(embed, model, repeats)
        speeds.append(repeats * count / seconds)
        ratios.append(bare_seconds / seconds)
    return statistics.median(speeds), statistics.median(ratios)


def _seconds(embed: Callable[[HarMA], Tensor], model: HarMA, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        # Copying to the CPU waits for the device.
        embed(model).cpu()
    return time.perf_counter() - start
