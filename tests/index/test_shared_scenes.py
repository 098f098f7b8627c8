"""Real scenes of many kinds: sensors, types, coordinate reference systems, dates."""

import numpy as np
import pytest
import rasterio
import rasterio.warp
import shapely

from harma.index.index import Index
from harma.index.verify import verify
from harma.scenes.windows import Tiling

pytestmark = pytest.mark.shared
NAIP = "*m_4709963_se_14_1_*"


@pytest.fixture(scope="module")
def archive(shared_dir, model, tmp_path_factory):
    """All scenes in chips of 128 pixels, and what the build said."""
    from harma.index.build import build, default_settings
    from harma.scenes.reading import Reading
    from harma.scenes.sources import find_sources

    directory = tmp_path_factory.mktemp("shared") / "index"
    settings = default_settings(
        *model, None, tiling=Tiling(size=128), reading=Reading(), max_nodata=0.5
    )
    outcome = build(
        directory, find_sources([shared_dir / "data" / "scenes"]), model[0], settings, num_workers=0
    )
    return Index.open(directory, model=model[0]), outcome


def test_all_scenes_of_the_earth_are_in_and_mars_is_named(archive):
    index, outcome = archive
    assert outcome.num_new == 14
    ((source, problem),) = outcome.problems.items()
    assert source.endswith("cog_hirise_mars.tif")
    assert "is not of the Earth" in problem
    assert verify(index.store) == []
    sources = index.store.sources().values()
    assert all(row.num_chips for row in sources if not row.problem)


def test_footprints_are_those_of_rasterio(archive):
    index, _ = archive
    checked = 0
    columns = ["source", "geometry", "column", "row", "width", "height"]
    for row in index.store.rows(columns).to_pylist():
        with rasterio.open(row["source"]) as dataset:
            columns = np.array([0, row["width"], row["width"], 0]) + row["column"]
            lines = np.array([0, 0, row["height"], row["height"]]) + row["row"]
            corners = [
                dataset.transform @ (float(c), float(r))
                for c, r in zip(columns, lines, strict=True)
            ]
            lons, lats = rasterio.warp.transform(
                dataset.crs, "OGC:CRS84", *zip(*corners, strict=True)
            )
        footprint = shapely.from_wkb(row["geometry"])
        assert footprint.is_valid
        for lon, lat in zip(lons, lats, strict=True):
            assert footprint.exterior.distance(shapely.Point(lon, lat)) < 1e-7
        checked += 1
    assert checked == len(index) > 600


def test_the_three_dates_of_one_place_are_told_apart(archive):
    index, _ = archive
    years = {
        year: {hit.source for hit in index.search("a road", k=500, date=(year, year), source=NAIP)}
        for year in ("2009", "2015", "2020")
    }
    assert [len(sources) for sources in years.values()] == [1, 1, 1]
    assert len(set.union(*years.values())) == 3
    both = index.search("a road", k=500, date=("2015", None), source=NAIP, overlap=None)
    assert {hit.datetime.year for hit in both} == {2015, 2020}


def test_change_between_the_dates(archive):
    index, _ = archive
    hits = index.search("a building", before="2010", after="2020", source=NAIP, k=50)
    assert len(hits) > 30
    gains = [hit.change for hit in hits]
    assert gains == sorted(gains, reverse=True)
    for hit in hits:
        assert (hit.then.datetime.year, hit.datetime.year) == (2009, 2020)
        shared = hit.geometry.intersection(hit.then.geometry).area
        assert shared >= 0.49 * min(hit.geometry.area, hit.then.geometry.area)
