"""A data set of synthetic scenes, in the form every other data set has."""

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from harma.data.description import SPLITS, DataDescription, description_yaml
from harma.data.synthetic.drawing import draw_scene
from harma.data.synthetic.looks import LOOKS
from harma.data.synthetic.scenes import GROUNDS, DrawnScene, make_scene
from harma.data.synthetic.wording import scene_captions
from harma.errors import ConfigError, DataError
from harma.ground.files import replacing_directory, write_json, write_text
from harma.ground.progress import Advance
from harma.ground.reading import read_yaml

JsonRow = dict[str, object]

# Raised when the same arguments would give other pictures or captions than before.
VERSION = 1
OURS = ("images", "data.yaml", "made_from.json", *(f"{split}.json" for split in SPLITS))
MOST_CAPTIONS = 10
PICTURE = re.compile(r"(train|val|test)_\d+\.(png|tif)$")


def make_scenes(
    directory: str | Path,
    *,
    look: str = "summer",
    train: int = 2000,
    val: int = 200,
    test: int = 200,
    size: int = 64,
    captions: int = 5,
    seed: int = 0,
    progress: Advance | None = None,
) -> Path:
    """Draw scenes and write them as a data set in the original's JSON, with its description.

    The same arguments give the same files. A directory that holds them already is kept.

    Args:
        directory: where; made if needed.
        look: one of `LOOKS`.
        train: images of the train split.
        val: images of the validation split.
        test: images of the test split.
        size: height and width, pixels.
        captions: captions of an image.
        seed: of everything drawn.
        progress: called with (images done, images in all).

    Returns:
        The description, `data.yaml`: the `data.name` of a recipe.

    Raises:
        ConfigError: an argument is not usable.
        DataError: the directory holds something else.
    """
    plan = _Plan(
        look=look,
        counts={"train": train, "val": val, "test": test},
        size=size,
        captions=captions,
        seed=seed,
    )
    plan.check()
    # Known by what it was made from: a finished data set is not drawn again.
    directory = Path(directory)
    made_from = plan.record()
    fingerprint = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
    if is_made(directory, fingerprint, num_images=train + val + test):
        return directory / "data.yaml"
    description = DataDescription(
        name=f"synthetic-{look}",
        format="harma",
        images="images",
        train=("train.json",),
        val=("val.json",),
        test=("test.json",),
        title=f"Synthetic scenes, look {look}",
        licence="CC0-1.0",
    )
    with replacing_directory(directory) as temporary:
        _write(temporary, plan, progress)
        write_text(temporary / "data.yaml", description_yaml(description))
        write_json(temporary / "made_from.json", {**made_from, "fingerprint": fingerprint})
    return directory / "data.yaml"


@dataclass(frozen=True)
class _Plan:
    """What is drawn: the arguments of `make_scenes`, images by split."""

    look: str
    counts: dict[str, int]
    size: int
    captions: int
    seed: int

    def check(self) -> None:
        """Raise if an argument is not usable.

        Raises:
            ConfigError: the message names it.
        """
        if self.look not in LOOKS:
            raise ConfigError(f"look is {self.look!r}; allowed are {', '.join(LOOKS)}")
        numbers = {**self.counts, "captions": self.captions}
        for name, value in numbers.items():
            if value < 1:
                raise ConfigError(f"{name} is {value}; it must be 1 or more")
        if self.captions > MOST_CAPTIONS:
            raise ConfigError(
                f"captions is {self.captions}; a scene has at most {MOST_CAPTIONS} different ones"
            )
        if not 16 <= self.size <= 4096:
            raise ConfigError(f"size is {self.size}; it must be 16 to 4096 pixels")
        if self.seed < 0:
            raise ConfigError(f"seed is {self.seed}; it must not be negative")

    def record(self) -> dict[str, object]:
        """All that decides how the files come out."""
        return {
            "version": VERSION,
            "look": self.look,
            "as": asdict(LOOKS[self.look]),
            **self.counts,
            "size": self.size,
            "captions": self.captions,
            "seed": self.seed,
        }


def is_made(directory: Path, fingerprint: str, *, num_images: int) -> bool:
    """Whether the directory holds this very data set.

    Args:
        directory: of it.
        fingerprint: of what it is made from.
        num_images: that it has.

    Raises:
        DataError: it holds something that is not ours to replace.
    """
    if not directory.is_dir() or not any(directory.iterdir()):
        return False  # a file in its place is refused where the directory is written
    # A person's files beside ours would be lost with the directory.
    foreign = [path for path in sorted(directory.rglob("*")) if not _is_ours(path)]
    if foreign:
        names = [path.relative_to(directory).as_posix() for path in foreign[:3]]
        raise DataError(
            f"{directory} holds other files too ({', '.join(names)}); choose another directory or"
            " empty it"
        )
    made_from = _read_record(directory)
    if "fingerprint" not in made_from:
        raise DataError(
            f"{directory} holds no synthetic scenes; choose another directory or empty it"
        )
    # Pictures that somebody took away are drawn anew.
    images = directory / "images"
    num_there = sum(len(list(images.glob(pattern))) for pattern in ("*.png", "*.tif"))
    return bool(made_from["fingerprint"] == fingerprint and num_there == num_images)


def _read_record(directory: Path) -> dict[str, object]:
    """What the data set in a directory was made from; {} where nothing says so."""
    path = directory / "made_from.json"
    if not path.is_file():
        return {}
    record = read_yaml(path, "the record")
    if not isinstance(record, dict):
        return {}
    return record


def _is_ours(path: Path) -> bool:
    if path.parent.name == "images" and PICTURE.match(path.name):
        return True
    return path.name in OURS


@dataclass(frozen=True)
class _Captioned:
    """A scene with its captions."""

    scene: DrawnScene
    captions: list[str]


def _write(root: Path, plan: _Plan, progress: Advance | None) -> None:
    """Draw all pictures and write the annotations of each split."""
    (root / "images").mkdir()
    num_done = 0
    num_images = sum(plan.counts.values())
    # Two threads: one draws while the other's picture is compressed.
    with ThreadPoolExecutor(max_workers=2) as pool:
        for split in plan.counts:
            draw = partial(_draw, root, plan, split)
            rows: list[JsonRow] = []
            for index, drawn in enumerate(pool.map(draw, range(plan.counts[split]))):
                rows += _rows(split, index, drawn)
                num_done += 1
                if progress is not None:
                    progress(num_done, num_images)
            write_json(root / f"{split}.json", rows)


def _picture_name(split: str, index: int) -> str:
    return f"{split}_{index:05d}.png"


def _draw(root: Path, plan: _Plan, split: str, index: int) -> _Captioned:
    """Draw a scene of a split, and write its picture."""
    # A stream for each scene: more scenes leave the first ones as they were.
    rng = np.random.default_rng((plan.seed, SPLITS.index(split), index))
    scene = make_scene(rng)
    captions = scene_captions(scene, plan.captions, rng)
    picture = Image.fromarray(draw_scene(scene, LOOKS[plan.look], plan.size))
    picture.save(root / "images" / _picture_name(split, index), compress_level=1)
    return _Captioned(scene, captions)


def _rows(split: str, index: int, drawn: _Captioned) -> list[JsonRow]:
    """Rows of the annotation file: one per caption in train, one per image elsewhere (SPEC 3)."""
    ground = drawn.scene.ground
    shared = {
        "image": _picture_name(split, index),
        "label_name": ground,
        "label": GROUNDS.index(ground),
    }
    if split == "train":
        return [{"caption": caption, "image_id": index, **shared} for caption in drawn.captions]
    return [{**shared, "caption": drawn.captions}]
