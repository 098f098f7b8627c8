"""The demo's archive: GeoTIFFs of two invented places in two years, and an index of them to serve.

They are put on the west coast of Jutland, so that a map has somewhere to show them.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from harma.data.synthetic.landscape import make_landscape
from harma.data.synthetic.landscape_drawing import draw_landscape
from harma.data.synthetic.looks import LOOKS
from harma.ground.files import replacing

# A chip shows a cell of a landscape: what a picture of the demo's data sets shows.
CHIP_SIZE = 64
METRES_PER_PIXEL = 1.5
CRS = "EPSG:32632"
# Whether it is the later picture → its date.
DATES = {False: "20200612", True: "20240618"}
# Come with `harma[search]`, as all that reading scenes and an index need.
NEEDED = ("pyarrow", "rasterio")


@dataclass(frozen=True)
class DemoPlace:
    """An invented place.

    Attributes:
        name: begins the names of its files.
        has_coast: the west of it is sea.
        seed: of what is there.
        east: its left edge, metres of `CRS`.
        north: its upper edge, metres of `CRS`.
        cells: in a row and a column.
    """

    name: str
    has_coast: bool
    seed: int
    east: float
    north: float
    cells: int = 8


PLACES = (
    DemoPlace("coast", True, 0, 445_500, 6_239_000),
    DemoPlace("inland", False, 1, 448_500, 6_240_500),
)


def can_make_archive() -> bool:
    """Whether what reading scenes and an index need is installed."""
    return all(find_spec(name) is not None for name in NEEDED)


def make_archive(
    directory: Path, model: Path, look: str, places: tuple[DemoPlace, ...] = PLACES
) -> Path:
    """Draw the places, and make an index of them; what is there already stays.

    Args:
        directory: of the demo.
        model: that embeds the chips.
        look: one of `LOOKS`, which the model knows.
        places: what is drawn.

    Returns:
        The directory of the index.

    Raises:
        HarmaError: there is an index of another model.
    """
    from harma.index.index import Index

    scenes = directory / "geotiffs"
    scenes.mkdir(exist_ok=True)
    for place in places:
        for is_later, date in DATES.items():
            file = scenes / f"{place.name}_{date}.tif"
            if not file.is_file():
                _write_scene(file, place, look, is_later)
    archive = directory / "archive"
    Index.build(archive, [scenes], model, size=CHIP_SIZE, stride=0.5, num_workers=0)
    return archive


def _write_scene(file: Path, place: DemoPlace, look: str, is_later: bool) -> None:
    import rasterio
    from affine import Affine

    landscape = make_landscape(place.seed, cells=place.cells, coast=place.has_coast)
    picture = draw_landscape(landscape, LOOKS[look], CHIP_SIZE, is_later=is_later)
    height, width, count = picture.shape
    metres = METRES_PER_PIXEL
    corner = Affine(metres, 0, place.east, 0, -metres, place.north)
    with (
        replacing(file) as temporary,
        rasterio.open(
            temporary,
            "w",
            driver="GTiff",
            width=width,
            height=height,
            count=count,
            dtype=picture.dtype,
            crs=CRS,
            transform=corner,
            compress="deflate",
            tiled=True,
            photometric="RGB",
        ) as dataset,
    ):
        dataset.write(np.moveaxis(picture, -1, 0))
