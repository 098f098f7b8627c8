"""Scenes of all kinds of places and dates, and a server over them that a socket reaches."""

import threading
import time

import numpy as np
import rasterio
import uvicorn
from affine import Affine
from PIL import Image

from harma.serve.app import make_app

SIDE = 96
# Name → reference system, upper left corner, size of a pixel. Chips are of 32 pixels.
SCENES = {
    # Dated by their names: a day, and a month.
    "harbour_20200615.tif": ("EPSG:32631", (500_000, 5_000_000), 10.0),
    "fields_2012-06.tif": ("EPSG:32631", (502_000, 5_000_000), 10.0),
    # Nobody knows when.
    "town.tif": ("EPSG:32633", (500_000, 5_200_000), 10.0),
    # Half of it on each side of the 180th meridian.
    "fiji_20190301.tif": ("EPSG:4326", (179.9, -16.0), 0.2 / SIDE),
    # The north pole in its middle.
    "ice_20180301.tif": ("EPSG:3995", (-480_000, 480_000), 10_000.0),
}
NO_PLACE = "photo_20210102.png"
CHIPS = 9 * (len(SCENES) + 1)


def picture(seed, side=SIDE):
    """Something to see: four fields of colours, with noise."""
    rng = np.random.default_rng(seed)
    colors = rng.integers(30, 220, (4, 3))
    fields = colors[np.arange(4).reshape(2, 2).repeat(side // 2, 0).repeat(side // 2, 1)]
    return np.clip(fields + rng.integers(-20, 20, fields.shape), 0, 255).astype(np.uint8)


def write_raster(path, pixels, crs, transform, **options):
    """A GeoTIFF of (H, W, bands)."""
    height, width, count = pixels.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=count,
        dtype=pixels.dtype,
        crs=crs,
        transform=transform,
        **options,
    ) as dataset:
        dataset.write(np.moveaxis(pixels, -1, 0))


def write_mixed(folder):
    """Write all scenes."""
    folder.mkdir(parents=True)
    for seed, (name, (crs, (west, north), size)) in enumerate(SCENES.items()):
        transform = Affine(size, 0, west, 0, -size, north)
        write_raster(folder / name, picture(seed), crs, transform)
    Image.fromarray(picture(99)).save(folder / NO_PLACE)
    return folder


class LiveServer:
    """A server on a free port of this machine, in a thread.

    Args:
        service: that it serves.
    """

    def __init__(self, service, **options):
        config = uvicorn.Config(
            make_app(service), host="127.0.0.1", port=0, log_level="error", **options
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"

    def close(self):
        self.server.should_exit = True
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()
