"""A data set of spectral scenes: GeoTIFFs of four Sentinel-2 bands with captions."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from harma.data.description import SPLITS, DataDescription, description_yaml
from harma.data.synthetic.dataset import JsonRow, is_made
from harma.data.synthetic.spectral import (
    BANDS,
    GROUNDS,
    SpectralScene,
    draw_reflectance,
    make_spectral_scene,
    spectral_captions,
)
from harma.errors import ConfigError, MissingDependencyError
from harma.ground.files import replacing_directory, write_json, write_text
from harma.ground.progress import Advance

# Raised when the same arguments would give other scenes or captions than before.
VERSION = 1
# As Sentinel-2 is delivered from processing baseline 04.00 on; the files state it.
SCALE = 0.0001
OFFSET = -0.1
NODATA = 0
METRES = 10.0
# In UTM zone 32; scenes lie side by side, far enough apart to be told apart on a map.
CRS = "EPSG:32632"
WEST = 500_000.0
NORTH = 5_300_000.0
IN_A_ROW = 50


def make_spectral_scenes(
    directory: str | Path,
    *,
    train: int = 1000,
    val: int = 200,
    test: int = 200,
    size: int = 32,
    captions: int = 5,
    seed: int = 0,
    progress: Advance | None = None,
) -> Path:
    """Draw scenes and write them as a data set, with its description.

    The same arguments give the same values. A directory that holds them already is kept.

    Args:
        directory: where; made if needed.
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
        MissingDependencyError: rasterio is not installed.
    """
    counts = dict(zip(SPLITS, (train, val, test), strict=True))
    _check(counts, size, captions, seed)
    made_from = {"spectral": VERSION, **counts, "size": size, "captions": captions, "seed": seed}
    fingerprint = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
    directory = Path(directory)
    if is_made(directory, fingerprint, num_images=sum(counts.values())):
        return directory / "data.yaml"
    write_scene = _writer()
    description = DataDescription(
        name="spectral",
        images="images",
        train=("train.json",),
        val=("val.json",),
        test=("test.json",),
        title="Synthetic scenes of four bands",
        licence="CC0-1.0",
    )
    with replacing_directory(directory) as temporary:
        (temporary / "images").mkdir()
        done = 0
        for split, count in counts.items():
            rows: list[JsonRow] = []
            for index in range(count):
                rng = np.random.default_rng((seed, SPLITS.index(split), index))
                scene = make_spectral_scene(rng)
                name = f"{split}_{index:05d}.tif"
                write_scene(temporary / "images" / name, scene, size, done)
                rows += _rows(split, index, name, scene, spectral_captions(scene, captions, rng))
                done += 1
                if progress is not None:
                    progress(done, sum(counts.values()))
            write_json(temporary / f"{split}.json", rows)
        write_text(temporary / "data.yaml", description_yaml(description))
        write_json(temporary / "made_from.json", {**made_from, "fingerprint": fingerprint})
    return directory / "data.yaml"


def _check(counts: dict[str, int], size: int, captions: int, seed: int) -> None:
    """Raise ConfigError for an argument that is not usable; the message names it."""
    for name, value in {**counts, "captions": captions}.items():
        if value < 1:
            raise ConfigError(f"{name} is {value}; it must be 1 or more")
    if not 16 <= size <= 1024:
        raise ConfigError(f"size is {size}; it must be 16 to 1024 pixels")
    if seed < 0:
        raise ConfigError(f"seed is {seed}; it must not be negative")


def _writer() -> Callable[[Path, SpectralScene, int, int], None]:
    """What writes a scene, if rasterio is installed."""
    try:
        import rasterio
        from affine import Affine
    except ImportError as error:
        raise MissingDependencyError(
            "GeoTIFFs are written with rasterio; install harma[search]"
        ) from error

    def write(path: Path, scene: SpectralScene, size: int, number: int) -> None:
        reflectance = draw_reflectance(scene, size)
        stored = np.round((reflectance - OFFSET) / SCALE).astype(np.uint16)
        row, column = divmod(number, IN_A_ROW)
        step = 2 * size * METRES
        corner = Affine(METRES, 0, WEST + column * step, 0, -METRES, NORTH - row * step)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=size,
            height=size,
            count=len(BANDS),
            dtype="uint16",
            nodata=NODATA,
            crs=CRS,
            transform=corner,
        ) as dataset:
            dataset.write(stored)
            dataset.descriptions = BANDS
            dataset.scales = (SCALE,) * len(BANDS)
            dataset.offsets = (OFFSET,) * len(BANDS)

    return write


def _rows(
    split: str, index: int, name: str, scene: SpectralScene, captions: list[str]
) -> list[JsonRow]:
    """Rows of the annotation file: one per caption in train, one per image elsewhere (SPEC 3)."""
    shared: JsonRow = {
        "image": name,
        "label_name": scene.ground,
        "label": list(GROUNDS).index(scene.ground),
    }
    if split == "train":
        return [{"caption": caption, "image_id": index, **shared} for caption in captions]
    return [{**shared, "caption": captions}]
