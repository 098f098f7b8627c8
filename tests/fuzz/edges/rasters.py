"""Rasters: as a build looks at them, cuts and draws them; compared with rasterio and pyproj."""

import io
import warnings

import numpy as np
import pyproj
import rasterio
from PIL import Image
from tests.fuzz.damage import damaged
from tests.fuzz.edge import Edge, Verdict
from tests.fuzz.judging import judge_message
from tests.fuzz.made_rasters import write_geotiff
from tests.fuzz.odd_files import write_beside, write_format, write_vrt
from tests.fuzz.tiff_tags import with_odd_tag

from harma.data.transforms import eval_resize
from harma.index.known_sources import KnownSources
from harma.index.look import Surveyed
from harma.index.reading import ChipPixels, SceneCache, Task, read
from harma.index.settings import Settings
from harma.index.survey import survey
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
from harma.scenes.scene import SceneFacts
from harma.scenes.sources import find_scenes
from harma.scenes.windows import Tiling, Window

TILING = Tiling(size=32)
SETTINGS = Settings("m", None, "m", 4, TILING, Reading(), 1.0)
# Chips that are read of a source: the first, and some spread over it.
MOST = 40


def make(chance, folder):
    kind = chance.choices(("made", "tags", "bytes", "cut", "format", "vrt"), (10, 10, 8, 2, 8, 2))[
        0
    ]
    path = folder / "scene.tif"
    if kind in ("format", "vrt"):
        path = write_format(chance, folder) if kind == "format" else path
    if not path.is_file() and kind != "format":
        write_geotiff(chance, path)
    if kind == "vrt":
        path = write_vrt(chance, folder, path)
    data = path.read_bytes()
    if kind == "tags":
        for _ in range(chance.choice((1, 1, 2, 3))):
            data = with_odd_tag(chance, data)
        path.write_bytes(data)
    elif kind == "cut":
        path.write_bytes(data[: chance.randrange(1, len(data))])
    elif kind == "bytes" or (kind == "format" and chance.random() < 0.7):
        path.write_bytes(damaged(chance, data, head=chance.choice((64, 512, 4096))))
    if chance.random() < 0.25:
        write_beside(chance, path)
    return path.name


def judge(folder, made):
    path = str(folder / made)
    found = find_scenes([path])
    for problem in found.problems.values():
        return judge_message(f"{path}: {problem}", [made])
    for surveyed in survey(found.sources, KnownSources(None), TILING, Reading(), num_workers=1):
        verdict = _judge_source(surveyed, path, made)
        if verdict is not None:
            return verdict
    return None


def _judge_source(surveyed: Surveyed, path: str, made: str) -> Verdict | None:
    if surveyed.problem:
        return judge_message(f"{path}: {surveyed.problem}", [made])
    facts, windows = surveyed.facts, surveyed.windows
    wrong = wrong_facts(facts)
    if wrong:
        return Verdict("wrong", wrong, repr(facts))
    count = len(windows)
    numbers = sorted({*range(min(8, count)), *(i * (count - 1) // MOST for i in range(MOST))})
    task = Task(surveyed.source, surveyed.content, numbers, count, picture=surveyed.picture)
    cache = SceneCache()
    chips: list[ChipPixels] = [
        read(piece, SETTINGS, eval_resize((32, 32)), cache) for piece in task.pieces(16)
    ]
    cache.close()
    for chip in chips:
        if chip.problem:
            return judge_message(f"{path}: {chip.problem}", [made])
    kept = sum(len(chip.chips) for chip in chips)
    left_out = sum(chip.num_skipped + chip.num_off_earth for chip in chips)
    if kept + left_out != len(numbers):
        return Verdict("silent", f"{len(numbers) - kept - left_out} chips are nowhere")
    for chip in chips:
        for record in chip.chips:
            wrong = wrong_record(record, facts)
            if wrong:
                return Verdict("wrong", wrong, repr(record)[:3000])
    return _differs(surveyed, path)


def wrong_facts(facts: SceneFacts) -> str:
    """What cannot be of what is said of a scene."""
    if facts.width < 1 or facts.height < 1:
        return "no size"
    if facts.gsd is not None and not 0 < facts.gsd < 1e8:
        return "a pixel without size, or larger than the Earth"
    if facts.crs and facts.gsd is None:
        return "a place without a pixel size"
    if facts.taken is not None and not 1 <= facts.taken.start.year <= 9999:
        return "a date that is none"
    return ""


def wrong_record(record, facts: SceneFacts) -> str:
    """What cannot be of a chip's row."""
    if not 0 <= record.nodata <= 1:
        return "a share of nodata that is none"
    with Image.open(io.BytesIO(record.thumbnail)) as image:
        image.load()
    if not facts.crs:
        return ""
    if record.geometry is None:
        return "a place without a footprint"
    bounds = np.array([record.xmin, record.ymin, record.xmax, record.ymax])
    if not np.isfinite(bounds).all() or (np.abs(bounds) > [180.01, 90.01, 180.01, 90.01]).any():
        return "a footprint off the Earth"
    import shapely

    shape = shapely.from_wkb(record.geometry)
    if shape.is_empty or not shape.is_valid:
        return "a footprint that is no shape"
    if not shape.area > 0:
        return "a footprint without area"
    return ""


def _differs(surveyed: Surveyed, path: str) -> Verdict | None:
    """Whether what was read differs from what rasterio reads, where the two can be compared."""
    source = surveyed.source
    if source.opened_as != path or surveyed.picture is not None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path) as dataset, open_scene(path) as scene:
            same_grid = (dataset.width, dataset.height) == (scene.facts.width, scene.facts.height)
            transform = dataset.transform
            plain = not transform.is_identity and transform.b == 0 == transform.d
            if scene.place is not None and plain and not dataset.crs.is_geographic:
                verdict = _other_place(dataset, scene)
                if verdict is not None:
                    return verdict
            is_upright = transform.is_identity or (transform.a > 0 > transform.e and plain)
            if (
                not same_grid
                or scene.facts.stretch
                or not is_upright
                or dataset.dtypes[0] != "uint8"
            ):
                return None
            if dataset.colorinterp[0].name == "palette" or (
                not transform.is_identity and scene.place is None
            ):
                return None
            return _other_values(dataset, scene)


def _other_place(dataset, scene) -> Verdict | None:
    column, row = dataset.width / 2, dataset.height / 2
    to_degrees = pyproj.Transformer.from_crs(dataset.crs.to_wkt(), "OGC:CRS84", always_xy=True)
    points = [
        dataset.transform @ at for at in ((column, row), (column + 1, row), (column, row + 1))
    ]
    here, right, below = (to_degrees.transform(*point) for point in points)
    if not np.isfinite([*here, *right, *below]).all():
        return None
    geod = pyproj.Geod(ellps="WGS84")
    size = (geod.inv(*here, *right)[2] + geod.inv(*here, *below)[2]) / 2
    if not np.isclose(scene.facts.gsd, size, rtol=0.02):
        return Verdict("wrong", "another pixel size", f"{scene.facts.gsd} {size}")
    return None


def _other_values(dataset, scene) -> Verdict | None:
    window = Window(0, 0, min(32, dataset.width), min(32, dataset.height))
    pixels = scene.reader.read(window)
    bands = list(scene.facts.bands)
    theirs = dataset.read(bands, window=((0, window.height), (0, window.width)))
    with rasterio.open(dataset.name) as again:
        other = again.read(bands, window=((0, window.height), (0, window.width)))
    if not np.array_equal(theirs, other):
        # Of damaged blocks GDAL gives what the memory held before: nobody can tell what is right.
        return None
    ours = np.moveaxis(pixels.rgb, -1, 0)[: len(bands)]
    if (ours != theirs)[:, pixels.valid].any():
        return Verdict("wrong", "other values than rasterio reads")
    return None


EDGE = Edge("rasters", make, judge, share=16)
