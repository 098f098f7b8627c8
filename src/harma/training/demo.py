"""The demo: the main job from end to end on scenes drawn here, with a table and an archive.

A small CLIP is trained, then HarMA adapters on it and, beside them, the whole model. What was
adapted embeds an archive that can be searched and served. Nothing is downloaded. An interrupted
demo goes on where it stopped.
"""

import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harma.errors import ConfigError
from harma.training.demo_archive import PLACES, DemoPlace, can_make_archive, make_archive

# What the small CLIP is trained on, and what it is adapted to.
PRETRAINING_LOOK = "summer"
NEW_LOOK = "drought"
# Pixels of a scene's side.
SCENE_SIZE = 64
# Scenes in a row of the picture.
SHEET_COLUMNS = 6


@dataclass(frozen=True)
class DemoSize:
    """How much the demo draws and trains.

    Attributes:
        pretraining: train images of the look the CLIP learns.
        adapting: train images of the new look.
        val: validation images of either.
        test: test images of either.
        overrides: values of recipes, such as {"train": {"epochs": 1}}, for all three runs.
        places: that the archive has pictures of.
    """

    pretraining: int = 3000
    adapting: int = 1000
    val: int = 100
    test: int = 200
    overrides: Mapping[str, Mapping[str, object]] | None = None
    places: tuple[DemoPlace, ...] = PLACES


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
        archive: an index to search and serve; None where harma[search] is not installed.
    """

    chance: dict[str, float]
    before: dict[str, float]
    harma: dict[str, float]
    full: dict[str, float]
    trained: dict[str, int]
    total: dict[str, int]
    reports: dict[str, Path]
    archive: Path | None = None


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
    directory = Path(directory)
    size = size or DemoSize()
    say(
        f"Drawing scenes: {size.pretraining:,} of the look {PRETRAINING_LOOK}, {size.adapting:,} of"
        f" {NEW_LOOK}"
    )
    data = _draw_scenes(directory / "scenes", size)
    _draw_sheet(directory / "scenes.png", data)
    say(f"Training a small CLIP on {PRETRAINING_LOOK}")
    clip = _train("demo_clip", directory / "clip", data[PRETRAINING_LOOK], size)
    backbone = f"local-dir:{clip / 'best'}"
    say(f"Training HarMA adapters on {NEW_LOOK}")
    harma = _train("demo_harma", directory / "harma", data[NEW_LOOK], size, backbone=backbone)
    say(f"Training the whole model on {NEW_LOOK}, for comparison")
    full = _train("demo_full", directory / "full", data[NEW_LOOK], size, backbone=backbone)
    archive = None
    if can_make_archive():
        say("Drawing two places in two years, and making an index of them")
        archive = make_archive(directory, harma, NEW_LOOK, size.places)
    return _result(harma, full, archive)


def _draw_scenes(directory: Path, size: DemoSize) -> dict[str, Path]:
    """Draw the scenes of both looks: look → description of its data set."""
    from harma.data.synthetic import make_scenes

    images = {PRETRAINING_LOOK: size.pretraining, NEW_LOOK: size.adapting}
    data: dict[str, Path] = {}
    # Seeds of their own: the two looks show other places.
    for seed, (look, train) in enumerate(images.items()):
        data[look] = make_scenes(
            directory / look,
            look=look,
            train=train,
            val=size.val,
            test=size.test,
            size=SCENE_SIZE,
            seed=seed,
        )
    return data


def _train(name: str, output: Path, data: Path, size: DemoSize, **values: str) -> Path:
    """Run one of the demo's recipes, or what is left of it.

    Raises:
        ConfigError: the run in `output` was made from other values.
    """
    # torch is slow to import, and the scenes are drawn without it.
    from harma.training.launch import train
    from harma.training.recipe_files import open_recipe, recipe_values
    from harma.training.run import RunDirectory

    changes: dict[str, object] = {**values, "output": str(output), "data.name": str(data)}
    for section, options in (size.overrides or {}).items():
        changes |= {f"{section}.{option}": value for option, value in options.items()}
    recipe = open_recipe(recipe_values(name), changes)
    run = RunDirectory(output)
    is_begun = run.recipe.is_file()
    if is_begun and run.read_recipe() != recipe.to_dict():
        raise ConfigError(
            f"{output} holds a run of another recipe; delete it or give another --output"
        )
    if is_begun and run.metrics.is_file():
        return output
    return train(recipe, resume=is_begun).path


def _result(harma: Path, full: Path, archive: Path | None) -> DemoResult:
    content: dict[str, dict[str, Any]] = {}
    for path in (harma, full):
        content[path.name] = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    adapted = content[harma.name]
    whole = content[full.name]
    return DemoResult(
        chance=adapted["test"]["chance"],
        before=adapted["test"]["metrics_without_adapters"],
        harma=adapted["test"]["metrics"],
        full=whole["test"]["metrics"],
        trained={name: figures["trained_parameters"] for name, figures in content.items()},
        total={name: figures["total_parameters"] for name, figures in content.items()},
        reports={path.name: path / "report.html" for path in (harma, full)},
        archive=archive,
    )


def _draw_sheet(path: Path, data: Mapping[str, Path]) -> None:
    """A picture of the first test scenes of each look, with a caption each."""
    from matplotlib.figure import Figure  # slow to import
    from PIL import Image

    if path.is_file():
        return
    figure = Figure(figsize=(2.1 * SHEET_COLUMNS, 2.9 * len(data)), layout="constrained")
    for row, (look, description) in enumerate(data.items()):
        rows = json.loads((description.parent / "test.json").read_text(encoding="utf-8"))
        for column, item in enumerate(rows[:SHEET_COLUMNS]):
            place = row * SHEET_COLUMNS + column + 1
            axes = figure.add_subplot(len(data), SHEET_COLUMNS, place)
            with Image.open(description.parent / "images" / item["image"]) as picture:
                axes.imshow(picture.convert("RGB"), interpolation="nearest")
            axes.set_axis_off()
            axes.set_title(textwrap.fill(item["caption"][0], 28), fontsize=8)
            if column == 0:
                left = axes.text(-0.06, 0.5, look, transform=axes.transAxes, rotation=90)
                left.set(va="center", ha="right")
    figure.savefig(path, dpi=110)
