"""Made hits and pictures, for sheets."""

from datetime import UTC, datetime

import shapely
from PIL import Image

from harma.index.hits import Hit
from harma.index.pictures import ChipPicture
from harma.scenes.windows import Window


def hit(**other):
    values = {
        "score": 0.25,
        "percentile": 99.98,
        "standing": "clear",
        "id": "0a1b2c",
        "source": "/data/scene.tif",
        "window": Window(64, 32, 16, 8),
        "geometry": shapely.box(4, 50, 5, 51),
        "datetime": datetime(2015, 9, 26, tzinfo=UTC),
        "crs": "EPSG:32631",
        "gsd": 2.0,
        "nodata": 0.0,
        **other,
    }
    return Hit(**values)


def picture(color="#ff0000", size=(16, 16), **other):
    return ChipPicture(Image.new("RGB", size, color), **other)
