"""Items made with pystac, and the rasters that they name."""

from datetime import UTC, datetime

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine

WHEN = datetime(2021, 6, 3, 10, 30, tzinfo=UTC)
TIFF = pystac.MediaType.COG


@pytest.fixture
def raster():
    """Write a GeoTIFF of some bands, each of one value."""

    def write(path, values=(50, 100, 150), *, side=64, metres=10.0, kind="uint8"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=side,
            height=side,
            count=len(values),
            dtype=kind,
            crs="EPSG:32631",
            transform=Affine(metres, 0, 500_000, 0, -metres, 5_000_000),
        ) as dataset:
            for number, value in enumerate(values, 1):
                dataset.write(np.full((side, side), value, dtype=kind), number)
        return path

    return write


@pytest.fixture
def item():
    """An item with assets (key → (href, what is said of it))."""

    def make(name="a", assets=None, *, when=WHEN, **properties):
        start, end = properties.pop("start", None), properties.pop("end", None)
        made = pystac.Item(
            name, None, None, when, properties, start_datetime=start, end_datetime=end
        )
        for key, (href, said) in (assets or {"visual": ("a.tif", {})}).items():
            values = {"type": TIFF, "roles": ["data"], **said}
            made.add_asset(key, pystac.Asset.from_dict({"href": href, **values}))
        return made

    return make


def band(color):
    """What an item says of a band."""
    return {"name": color[:1].upper(), "common_name": color}
