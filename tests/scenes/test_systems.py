"""Coordinate reference systems."""

import pyproj
import pytest
from rasterio.crs import CRS

from harma.errors import ConfigError, DataError
from harma.scenes.reading import Reading
from harma.scenes.systems import (
    check_is_flat,
    local_unit,
    parse_crs,
    projection_between,
    system_facts,
)


@pytest.mark.parametrize(
    "text", ["EPSG:99999999", "nowhere", "", "+proj=nothing", "IAU_2015:49900"]
)
def test_what_is_no_system_of_the_earth_is_refused_at_once(text):
    with pytest.raises(ConfigError, match="crs is .*; give one such as EPSG:25832"):
        Reading(crs=text)


def test_a_local_system_is_no_answer():
    with pytest.raises(ConfigError, match="a local one without a place"):
        parse_crs('LOCAL_CS["Site",UNIT["metre",1]]')


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:25832",
        "25832",
        "+proj=utm +zone=32 +ellps=GRS80",
        "ESRI:102025",
        "OGC:CRS84",
        "EPSG:7415",
        pyproj.CRS.from_epsg(25832).to_wkt("WKT1_ESRI"),
        pyproj.CRS.from_epsg(25832).to_json(),
    ],
)
def test_all_that_pyproj_reads_can_be_stated(text):
    crs = parse_crs(text)
    stated = pyproj.CRS.from_user_input(text)
    point = (stated.area_of_use.bounds[0] + 1, 50.0) if stated.area_of_use else (9.0, 50.0)
    expected = pyproj.Transformer.from_crs(4326, stated, always_xy=True).transform(*point)
    found = projection_between(CRS.from_epsg(4326), crs).transform(*point)
    assert found == pytest.approx(expected)
    assert Reading(crs=text).stated_crs == crs


def test_facts_of_systems():
    facts = system_facts(CRS.from_epsg(32631))
    assert (facts.name, facts.radius, facts.unit) == ("WGS 84 / UTM zone 31N", 6378137.0, 1.0)
    assert not facts.is_local
    local = CRS.from_wkt('LOCAL_CS["Site",UNIT["foot",0.3048],AXIS["E",EAST],AXIS["N",NORTH]]')
    assert system_facts(local).is_local
    assert local_unit(local) == 0.3048


def test_projections_take_longitude_first():
    projection = projection_between(CRS.from_epsg(4326), CRS.from_epsg(32631))
    assert projection.transform(3.0, 0.0) == pytest.approx((500_000, 0))


@pytest.mark.parametrize("code", [4978, 4936, 4328, 7656])
def test_systems_that_count_from_the_centre_of_the_earth(code):
    with pytest.raises(DataError, match="counts from the centre of the Earth.*gdalwarp"):
        check_is_flat(CRS.from_epsg(code))
    with pytest.raises(ConfigError, match="counts from the centre"):
        parse_crs(f"EPSG:{code}")


@pytest.mark.parametrize("code", [4326, 4979, 32631, 3857, 3031, 7415, 2154])
def test_systems_of_maps_and_globes(code):
    check_is_flat(CRS.from_epsg(code))


@pytest.mark.parametrize(
    "grids", ["/etc/passwd", "@/etc/passwd", "http://127.0.0.1:9/a.gsb", "../a"]
)
def test_grids_that_lie_elsewhere(grids):
    crs = CRS.from_string(f"+proj=longlat +ellps=clrk66 +nadgrids={grids} +wktext +no_defs")
    assert grids in crs.to_wkt()
    with pytest.raises(DataError, match="grid of shifts by a path"):
        system_facts(crs)
    named = CRS.from_string("+proj=longlat +ellps=clrk66 +nadgrids=conus +wktext +no_defs")
    assert not system_facts(named).is_local
