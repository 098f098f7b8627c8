"""The main job from end to end on data made here: scenes, a small CLIP, HarMA adapters, full training, a table.

Nothing is downloaded. An interrupted demo goes on where it stopped.
"""

import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harma.errors import ConfigError

# What the small CLIP is trained on, and what it is adapted to.
PRETRAINING_LOOK, NEW_LOOK = "summer", "drought"
SIZE = 64


@dataclass(frozen=True)
class DemoSize:
    """How much the demo draws and trains.

    Attributes:
        pretraining: train images of the look the CLIP learns.
        adapting: train images of the new look.
        val: validation images of either.
        test: test images of either.
        overrides: values of recipes, such as {"train": {"epochs": 1}}, for all three runs.
    """

    pretraining: int = 3000
    adapting: int = 1000
    val: int = 100
    test: int = 200
    overrides: dict[str, dict[str, Any]] | None = None


@dataclass(frozen=True)
class DemoResult:
    """What the demo found, all on the test scenes of the new look.

    Attributes:
        chance: metrics of a model that knows nothing.
        before: metrics of the small CLIP as it was.
        harma: metrics with HarMA adapters.
        full: metrics after training the whole model.
        trained: parameters trained, of "harma" and "full".
        total: parameters of the model, of "harma" and "full".
        reports: the pages to look at.
    """

    chance: dict[str, float]
    before: dict[str, float]
    harma: dict[str, float]
    full: dict[str, float]
    trained: dict[str, int]
    total: dict[str, int]
    reports: dict[str, Path]


def run_demo(
    directory: str | Path,
    *,
    size: DemoSize | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> DemoResult:
    """Run the demo.

    Args:
        directory: everything goes there; a finished part is not done again.
        size: how much to draw and train.
        say: told what happens now.

    Raises:
        HarmaError: the directory holds something else, or training failed.
    """
    from harma.data.synthetic import make_scenes

    directory, size = Path(directory), size or DemoSize()
    say(
        f"Drawing scenes: {size.pretraining:,} of the look {PRETRAINING_LOOK}, {size.adapting:,} of"
        f" {NEW_LOOK}"
    )
    data = {
        look: make_scenes(
            directory / "scenes" / look,
            look=look,
            train=train,
            val=size.val,
            test=size.test,
            size=SIZE,
            seed=seed,
        )
        for seed, (look, train) in enumerate(
            {PRETRAINING_LOOK: size.pretraining, NEW_LOOK: size.adapting}.items()
        )
    }
    _draw_sheet(directory / "scenes.png", data)
    say(f"Training a small CLIP on {PRETRAINING_LOOK}")
    clip = _train("demo_clip", directory / "clip", data[PRETRAINING_LOOK], size)
    backbone = f"local-dir:{clip / 'best'}"
    say(f"Training HarMA adapters on {NEW_LOOK}")
    harma = _train("demo_harma", directory / "harma", data[NEW_LOOK], size, backbone=backbone)
    say(f"Training the whole model on {NEW_LOOK}, for comparison")
    full = _train("demo_full", directory / "full", data[NEW_LOOK], size, backbone=backbone)
    return _result(harma, full)


def _train(recipe: str, output: Path, data: Path, size: DemoSize, **values: Any) -> Path:
    """Run one of the demo's recipes, or what is left of it.

    Raises:
        ConfigError: the run in `output` was made from other values.
    """
    from harma.training.loop import train
    from harma.training.recipe_files import recipe_from_dict, recipe_values
    from harma.training.run import RunDirectory

    wanted = {**recipe_values(recipe), **values, "output": str(output)}
    wanted["data"] = {**wanted["data"], "name": str(data)}
    for section, changes in (size.overrides or {}).items():
        wanted[section] = {**wanted[section], **changes}
    made, run = recipe_from_dict(wanted), RunDirectory(output)
    begun = run.recipe.is_file()
    if begun and run.read_recipe() != made.to_dict():
        raise ConfigError(
            f"{output} holds a run of another recipe; delete it or give another --output"
        )
    return output if begun and run.metrics.is_file() else train(made, resume=begun)


def _result(harma: Path, full: Path) -> DemoResult:
    content = {
        path.name: json.loads((path / "metrics.json").read_text(encoding="utf-8"))
        for path in (harma, full)
    }
    adapted, whole = content[harma.name], content[full.name]
    return DemoResult(
        chance=adapted["test"]["chance"],
        before=adapted["test"]["metrics_without_adapters"],
        harma=adapted["test"]["metrics"],
        full=whole["test"]["metrics"],
        trained={name: c["trained_parameters"] for name, c in content.items()},
        total={name: c["total_parameters"] for name, c in content.items()},
        reports={path.name: path / "report.html" for path in (harma, full)},
    )


def _draw_sheet(path: Path, data: dict[str, Path]) -> None:
    """A picture of the first test scenes of each look, with a caption each."""
    from matplotlib.figure import Figure
    from PIL import Image

    if path.is_file():
        return
    columns = 6
    figure = Figure(figsize=(2.1 * columns, 2.9 * len(data)), layout="constrained")
    for row, (look, description) in enumerate(data.items()):
        shown = json.loads((description.parent / "test.json").read_text(encoding="utf-8"))[:columns]
        for column, item in enumerate(shown):
            axes = figure.add_subplot(len(data), columns, row * columns + column + 1)
            with Image.open(description.parent / "images" / item["image"]) as picture:
                axes.imshow(picture.convert("RGB"), interpolation="nearest")
            axes.set_axis_off()
            axes.set_title(textwrap.fill(item["caption"][0], 28), fontsize=8)
            if column == 0:
                axes.text(
                    -0.06, 0.5, look, rotation=90, va="center", ha="right", transform=axes.transAxes
                )
    figure.savefig(path, dpi=110)
