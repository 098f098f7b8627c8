"""Areas in files of every format that people have, as geopandas writes them, and as they should be.

Expected areas are the polygons themselves, turned by geopandas.
"""

import json
import shutil
import zipfile

import geopandas
import numpy as np
import pytest
import shapely
from shapely.geometry import box, mapping

from harma.errors import QueryError
from harma.index.area_files import read_area
from harma.index.areas import area_of
from harma.index.ask import Where

FIELDS = [box(4.0, 51.0, 4.2, 51.1), shapely.Polygon([(4.3, 51), (4.5, 51.05), (4.4, 51.2)])]
WHOLE = shapely.union_all(FIELDS)


def frame(geometries=None, crs=4326):
    geometries = FIELDS if geometries is None else geometries
    # Fine, so that edges bent by the projection are as they were.
    fine = shapely.segmentize(np.array(geometries, dtype=object), 0.001)
    values = {"name": [f"field {number}" for number in range(len(geometries))]}
    return geopandas.GeoDataFrame(values, geometry=fine, crs=4326).to_crs(crs)


def same(area, expected=WHOLE):
    return area.symmetric_difference(expected).area < 1e-5 * expected.area


def with_kml(path):
    ring = " ".join(f"{x},{y},0" for x, y in FIELDS[0].exterior.coords)
    polygon = (
        "<Polygon><outerBoundaryIs><LinearRing><coordinates>"
        f"{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    )
    other = polygon.replace(ring, " ".join(f"{x},{y},9" for x, y in FIELDS[1].exterior.coords))
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
        "<Document><Folder><name>Fields</name>"
        f"<Placemark><name>a</name>{polygon}</Placemark>"
        f"<Placemark><name>b</name><MultiGeometry>{other}</MultiGeometry></Placemark>"
        "</Folder><Folder><name>Empty</name></Folder></Document></kml>"
    )
    return path


def test_kml_and_kmz(tmp_path):
    path = with_kml(tmp_path / "a.kml")
    assert same(read_area(path))
    frame().to_file(tmp_path / "by_gdal.kml", driver="KML")
    assert same(read_area(tmp_path / "by_gdal.kml"))
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.write(path, "doc.kml")
    assert same(read_area(tmp_path / "a.kmz"))


# Each in degrees and in metres.
@pytest.mark.parametrize("crs", [4326, 25831, 3857])
@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "shp", "gml", "geojson", "geojsonl", "sqlite"])
def test_by_gdal(tmp_path, suffix, crs):
    if suffix == "geojsonl" and crs != 4326:
        pytest.skip("always in degrees")
    path = tmp_path / f"a.{suffix}"
    drivers = {"gml": {"driver": "GML"}, "geojsonl": {"driver": "GeoJSONSeq"}}
    frame(crs=crs).to_file(path, **drivers.get(suffix, {}))
    assert same(read_area(path))
    assert same(read_area(str(path)))


@pytest.mark.parametrize("crs", [4326, 25831])
def test_geoparquet(tmp_path, crs):
    for name in ("a.parquet", "a.geoparquet", "without_a_suffix"):
        frame(crs=crs).to_parquet(tmp_path / name)
        assert same(read_area(tmp_path / name))


def test_shapefiles_in_folders_and_archives(tmp_path):
    folder = tmp_path / "fields"
    folder.mkdir()
    frame(crs=25831).to_file(folder / "fields.shp")
    assert same(read_area(folder))
    shutil.make_archive(str(tmp_path / "flat"), "zip", folder)
    assert same(read_area(tmp_path / "flat.zip"))
    shutil.copy(tmp_path / "flat.zip", tmp_path / "flat.shz")
    assert same(read_area(tmp_path / "flat.shz"))
    shutil.make_archive(str(tmp_path / "deep"), "zip", tmp_path, "fields")
    with zipfile.ZipFile(tmp_path / "deep.zip", "a") as archive:
        archive.writestr("__MACOSX/fields/._fields.shp", b"x")
    assert same(read_area(tmp_path / "deep.zip"))


def test_other_files_in_archives(tmp_path):
    frame().to_file(tmp_path / "a.gpkg")
    text = json.dumps(mapping(WHOLE))
    for name in ("a.gpkg", "a.geojson", "sub/a.wkt"):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            content = text if name.endswith("json") else WHOLE.wkt
            if name.endswith("gpkg"):
                content = (tmp_path / "a.gpkg").read_bytes()
            archive.writestr(name, content)
            archive.writestr("readme.txt", "x")
        assert same(read_area(tmp_path / "a.zip"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_texts(tmp_path, encoding):
    geojson = json.dumps({"type": "Feature", "properties": {}, "geometry": mapping(WHOLE)})
    for name, text in (("a.geojson", geojson), ("a.json", geojson), ("a.wkt", WHOLE.wkt)):
        (tmp_path / name).write_text(text, encoding=encoding)
        assert same(read_area(tmp_path / name))
    (tmp_path / "ewkt.txt").write_text(f"SRID=4326;{WHOLE.wkt}\n", encoding=encoding)
    assert same(read_area(tmp_path / "ewkt.txt"))


def test_esri_json(tmp_path):
    projected = frame(crs=25831)
    rings = [list(map(list, field.exterior.coords)) for field in projected.geometry]
    features = [{"attributes": {}, "geometry": {"rings": [ring]}} for ring in rings]
    content = {
        "geometryType": "esriGeometryPolygon",
        "spatialReference": {"wkid": 25831},
        "features": features,
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert same(read_area(tmp_path / "a.json"))


def test_layers(tmp_path):
    path = tmp_path / "a.gpkg"
    frame().to_file(path, layer="fields")
    points = geopandas.GeoDataFrame(geometry=[shapely.Point(4, 51)], crs=4326)
    points.to_file(path, layer="wells")
    lines = geopandas.GeoDataFrame(geometry=[shapely.LineString([(4, 51), (5, 52)])], crs=4326)
    lines.to_file(path, layer="roads")
    # One layer of polygons is what is meant.
    assert same(read_area(path))
    frame([box(1, 1, 2, 2)]).to_file(path, layer="lakes")
    with pytest.raises(QueryError, match=r"several layers with polygons: fields, lakes; name one"):
        read_area(path)
    assert same(read_area(f"{path}|layer=fields"))
    assert same(read_area(f"{path}|layername=lakes"), box(1, 1, 2, 2))
    with pytest.raises(QueryError, match="has no layer 'x'; it has fields, wells, roads, lakes"):
        read_area(f"{path}|layer=x")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "deep/a.gpkg")
    with pytest.raises(QueryError, match=r"fields, lakes; name one: .*/a\.zip\|layer=fields$"):
        read_area(tmp_path / "a.zip")
    assert same(read_area(f"{tmp_path / 'a.zip'}|layer=fields"))
    with pytest.raises(QueryError, match="the polygon is a Point"):
        area_of(Where(polygon=f"{path}|layer=wells"))


def test_empty_geometries_of_files_are_left_out(tmp_path):
    there = geopandas.GeoDataFrame(geometry=[None, *FIELDS, None], crs=4326)
    for suffix in ("gpkg", "parquet", "geojson", "shp"):
        path = tmp_path / f"a.{suffix}"
        there.to_parquet(path) if suffix == "parquet" else there.to_file(path)
        assert same(read_area(path))


def test_python_objects():
    assert same(area_of(Where(polygon=frame(crs=25831))))
    assert same(area_of(Where(polygon=frame(crs=3857).geometry)))

    class Feature:
        __geo_interface__ = mapping(WHOLE)

    assert same(area_of(Where(polygon=Feature())))


def write(path, content):
    path.write_bytes(content)
    return path


def test_files_that_cannot_be_used(tmp_path):
    folder = tmp_path / "no_prj"
    folder.mkdir()
    frame().to_file(folder / "a.shp")
    (folder / "a.prj").unlink()
    two = tmp_path / "two"
    two.mkdir()
    for name in ("a.shp", "b.shp"):
        frame().to_file(two / name)
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "readme.zip", "w") as archive:
        archive.writestr("readme.md", "x")
    geopandas.GeoDataFrame(geometry=[None], crs=4326).to_parquet(tmp_path / "nothing.parquet")
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    geopandas.GeoDataFrame(geometry=[bow_tie], crs=25831).to_file(tmp_path / "bow.gpkg")
    moon = "+proj=longlat +R=1737400 +no_defs"
    geopandas.GeoDataFrame(geometry=[FIELDS[0]], crs=moon).to_parquet(tmp_path / "moon.parquet")
    cases = {
        folder / "a.shp": "does not say what its coordinates are",
        two: r"holds several files: a\.shp, b\.shp; give one of them",
        tmp_path / "empty": "holds no file that can be read",
        tmp_path / "readme.zip": "holds no file that can be read",
        write(tmp_path / "broken.zip", b"PK\x03\x04"): "it is no zip archive",
        write(tmp_path / "broken.gpkg", b"x" * 100): "none of the formats that GDAL reads as areas",
        write(tmp_path / "broken.parquet", b"PAR1" * 9): "it is no GeoParquet file",
        write(tmp_path / "empty.geojson", b""): r"empty\.geojson is empty",
        write(tmp_path / "table.csv", b"a,b\n"): "is none of the formats that are read",
        write(tmp_path / "a.tif", b"II*\0\xff"): "is none of the formats that are read",
        write(tmp_path / "words.json", b"hello"): "holds text that is neither GeoJSON nor WKT",
        tmp_path / "nowhere.geojson": r"cannot be read \(No such file or directory\)",
        tmp_path / "nowhere.gpkg": r"cannot be read \(No such file or directory\)",
        tmp_path / "nothing.parquet": "holds no geometry",
        tmp_path / "bow.gpkg": "is not valid in its part 0: Self-intersection",
        tmp_path / "moon.parquet": "which has no place on Earth",
        "https://example.com/a.geojson": "is an address, which is not read here; download it",
        "s3://bucket/a.gpkg": "is an address",
        "/vsicurl/https://example.com/a.gpkg": "is an address",
    }
    for place, message in cases.items():
        with pytest.raises(QueryError, match=message):
            read_area(place)
