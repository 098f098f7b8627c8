"""A data set of synthetic scenes, in the form every other data set has."""

import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from harma.data.description import SPLITS
from harma.data.synthetic.drawing import draw_scene
from harma.data.synthetic.looks import LOOKS, Look
from harma.data.synthetic.scenes import GROUNDS, Scene, make_scene
from harma.data.synthetic.wording import scene_captions
from harma.errors import ConfigError, DataError
from harma.ground.files import replacing_directory, write_json, write_text
from harma.ground.reading import read_yaml

# Raised when the same arguments would give other pictures or captions than before.
VERSION = 1
OURS = ("images", "data.yaml", "made_from.json", *(f"{split}.json" for split in SPLITS))
PICTURE = re.compile(r"(train|val|test)_\d+\.png$")


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
    progress: Callable[[int, int], None] | None = None,
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
    counts = dict(zip(SPLITS, (train, val, test), strict=True))
    _check(look, counts, size, captions, seed)
    directory = Path(directory)
    made_from: dict[str, Any] = {
        "version": VERSION,
        "look": look,
        "as": asdict(LOOKS[look]),
        **counts,
        "size": size,
        "captions": captions,
        "seed": seed,
    }
    fingerprint = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
    if _is_made(directory, fingerprint):
        return directory / "data.yaml"
    with replacing_directory(directory) as temporary:
        _write(temporary, LOOKS[look], counts, size, captions, seed, progress)
        description = {
            "name": f"synthetic-{look}",
            "format": "harma",
            "images": "images",
            **{split: f"{split}.json" for split in SPLITS},
            "title": f"Synthetic scenes, look {look}",
            "licence": "CC0-1.0",
        }
        write_text(temporary / "data.yaml", yaml.safe_dump(description, sort_keys=False))
        write_json(temporary / "made_from.json", {**made_from, "fingerprint": fingerprint})
    return directory / "data.yaml"


def _check(look: str, counts: dict[str, int], size: int, captions: int, seed: int) -> None:
    if look not in LOOKS:
        raise ConfigError(f"look is {look!r}; allowed are {', '.join(LOOKS)}")
    numbers = {**counts, "captions": captions}
    for name, value in numbers.items():
        if value < 1:
            raise ConfigError(f"{name} is {value}; it must be 1 or more")
    if captions > 10:
        raise ConfigError(f"captions is {captions}; a scene has at most 10 different ones")
    if not 16 <= size <= 4096:
        raise ConfigError(f"size is {size}; it must be 16 to 4096 pixels")
    if seed < 0:
        raise ConfigError(f"seed is {seed}; it must not be negative")


def _is_made(directory: Path, fingerprint: str) -> bool:
    """Whether the directory holds this very data set.

    Raises:
        DataError: it holds something that is not ours to replace.
    """
    if not directory.is_dir() or not any(directory.iterdir()):
        return False  # a file in its place is refused where the directory is written
    marker = directory / "made_from.json"
    made = read_yaml(marker, "the record") if marker.is_file() else {}
    foreign = [
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if not (path.name in OURS or (path.parent.name == "images" and PICTURE.match(path.name)))
    ]
    if not isinstance(made, dict) or "fingerprint" not in made or foreign:
        what = (
            f"other files too ({', '.join(sorted(foreign)[:3])})"
            if foreign
            else "no synthetic scenes"
        )
        raise DataError(f"{directory} holds {what}; choose another directory or empty it")
    num_images = sum(1 for _ in (directory / "images").glob("*.png"))
    return bool(
        made["fingerprint"] == fingerprint and num_images == sum(made[split] for split in SPLITS)
    )


def _write(
    root: Path,
    look: Look,
    counts: dict[str, int],
    size: int,
    captions: int,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    (root / "images").mkdir()
    done, total = 0, sum(counts.values())
    with ThreadPoolExecutor(max_workers=2) as pool:
        for number, (split, count) in enumerate(counts.items()):
            names = [f"{split}_{i:05d}.png" for i in range(count)]

            def one(
                i: int, number: int = number, names: list[str] = names
            ) -> tuple[Scene, list[str]]:
                # A stream for each scene: more scenes leave the first ones as they were.
                rng = np.random.default_rng((seed, number, i))
                scene = make_scene(rng)
                said = scene_captions(scene, captions, rng)
                Image.fromarray(draw_scene(scene, look, size)).save(
                    root / "images" / names[i], compress_level=1
                )
                return scene, said

            rows: list[dict[str, Any]] = []
            for i, (scene, said) in enumerate(pool.map(one, range(count))):
                rows += _rows(split, i, names[i], scene, said)
                done += 1
                if progress is not None:
                    progress(done, total)
            write_json(root / f"{split}.json", rows)


def _rows(
    split: str, image_id: int, name: str, scene: Scene, captions: list[str]
) -> list[dict[str, Any]]:
    """Rows of the annotation file: one per caption in train, one per image elsewhere (SPEC 3)."""
    shared = {"image": name, "label_name": scene.ground, "label": GROUNDS.index(scene.ground)}
    if split == "train":
        return [{"caption": caption, "image_id": image_id, **shared} for caption in captions]
    return [{**shared, "caption": captions}]
