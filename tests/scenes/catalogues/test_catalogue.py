"""Catalogues of every kind, made with pystac, as lists of sources."""

import json
import logging
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pystac
import pytest
from tests.servers import FolderServer

from harma.errors import DataError, MissingFileError
from harma.scenes.period import Period
from harma.scenes.sources import find_sources

WHEN = datetime(2021, 6, 3, 10, 30, tzinfo=UTC)
NAMES = ["a", "b", "c", "d", "e"]


def names(sources):
    return [source.name for source in sources]


def write_json(path, values):
    path.write_text(json.dumps(values))
    return path


@pytest.fixture
def five(item):
    """Five items whose pictures lie beside them."""
    return [
        item(name, {"visual": (f"./{name}.tif", {"roles": ["visual"]})}, **{"eo:cloud_cover": n})
        for n, name in enumerate(NAMES)
    ]


@pytest.fixture
def pictures(tmp_path):
    return [str(tmp_path / f"{name}.tif") for name in NAMES]


def test_an_item_is_a_source_with_its_date_and_properties(tmp_path, item):
    values = item("a", **{"eo:cloud_cover": 12, "platform": "sentinel-2a", "gsd": 10.0}).to_dict()
    (source,) = find_sources([write_json(tmp_path / "item.json", values)])
    assert source.name == source.opened_as == str(tmp_path / "a.tif")
    when = datetime(2021, 6, 3, 10, 30, tzinfo=UTC)
    assert (source.taken, source.date_from) == (Period.moment(when), "the STAC item")
    assert source.sensor == "sentinel-2"
    properties = dict(source.properties)
    assert properties["stac_id"] == "a"
    assert (properties["eo:cloud_cover"], properties["platform"]) == (12.0, "sentinel-2a")


def test_a_collection_of_items_is_a_list(tmp_path, five, pictures):
    path = tmp_path / "items.geojson"
    pystac.ItemCollection(five).save_object(str(path))
    sources = find_sources([path])
    assert names(sources) == pictures
    assert [dict(source.properties)["eo:cloud_cover"] for source in sources] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", list(pystac.CatalogType))
def test_a_static_catalogue_is_walked(tmp_path, five, kind):
    extent = pystac.Extent(
        pystac.SpatialExtent([[-180, -90, 180, 90]]), pystac.TemporalExtent([[WHEN, None]])
    )
    root = pystac.Catalog("root", "all")
    child = pystac.Collection("sub", "some", extent)
    root.add_child(child)
    root.add_items(five[:2])
    child.add_items(five[2:])
    for made in five:
        # Where they lie, whatever becomes of the item's own place.
        made.assets["visual"].href = str(tmp_path / f"{made.id}.tif")
    root.normalize_and_save(str(tmp_path / "stac"), kind)
    sources = find_sources([tmp_path / "stac" / "catalog.json"])
    assert names(sources) == [str(tmp_path / f"{name}.tif") for name in NAMES]
    assert [dict(source.properties)["stac_id"] for source in sources] == NAMES


def test_a_catalogue_that_names_itself_ends(tmp_path, five):
    links = [
        {"rel": "child", "href": "./catalog.json"},
        {"rel": "child", "href": "sub/catalog.json"},
        {"rel": "item", "href": "a.json"},
    ]
    write_json(
        tmp_path / "catalog.json", {"type": "Catalog", "stac_version": "1.0.0", "links": links}
    )
    (tmp_path / "sub").mkdir()
    above = [{"rel": "child", "href": "../catalog.json"}, {"rel": "item", "href": "../b.json"}]
    write_json(
        tmp_path / "sub/catalog.json",
        {"type": "Catalog", "stac_version": "1.0.0", "links": above},
    )
    for made in five[:2]:
        write_json(tmp_path / f"{made.id}.json", made.to_dict())
    sources = find_sources([tmp_path / "catalog.json"])
    assert names(sources) == [str(tmp_path / "a.tif"), str(tmp_path / "b.tif")]


def test_a_table_of_items_is_a_list(tmp_path, five, pictures):
    rows = []
    for made in five:
        values = made.to_dict()
        rows.append(
            {
                "id": made.id,
                "assets": values["assets"],
                "datetime": made.datetime,
                "eo:cloud_cover": float(made.properties["eo:cloud_cover"]),
                "geometry": b"",
                "bbox": {"xmin": 0.0},
            }
        )
    table = pa.Table.from_pylist(rows)
    # As stac-geoparquet and DuckDB write times.
    place = table.schema.get_field_index("datetime")
    table = table.set_column(place, "datetime", table["datetime"].cast(pa.timestamp("ns", "UTC")))
    pq.write_table(table, tmp_path / "items.parquet")
    sources = find_sources([tmp_path / "items.parquet"])
    assert names(sources) == pictures
    assert {source.taken for source in sources} == {
        Period.moment(datetime(2021, 6, 3, 10, 30, tzinfo=UTC))
    }
    assert [dict(source.properties)["eo:cloud_cover"] for source in sources] == [0, 1, 2, 3, 4]


def test_a_page_of_a_search_says_that_it_is_one(tmp_path, five, caplog):
    values = pystac.ItemCollection(five).to_dict()
    values["links"] = [{"rel": "next", "href": "https://x.org/search?token=secret"}]
    values["numberMatched"] = 812
    path = write_json(tmp_path / "search.json", values)
    with caplog.at_level(logging.WARNING):
        assert len(find_sources([path])) == 5
    assert "is one page of a search: 5 of 812 items" in caplog.text
    assert "secret" not in caplog.text


def test_a_catalogue_over_http_names_addresses_alone(tmp_path, five, serve):
    bad = [
        ("file", {"visual": ("file:///etc/passwd", {})}),
        ("vsi", {"visual": ("/vsizip//etc/x.zip", {})}),
        ("driver", {"visual": ("NETCDF:/etc/x.nc:a", {})}),
    ]
    values = pystac.ItemCollection(five[:2]).to_dict()
    item = five[0].to_dict()
    for name, assets in bad:
        made = {**item, "id": name, "assets": {}}
        for key, (href, said) in assets.items():
            made["assets"][key] = {"href": href, "type": "image/tiff", **said}
        values["features"].append(made)
    absolute = {**item, "id": "absolute", "assets": {"visual": {"href": "/etc/passwd.tif"}}}
    values["features"].append(absolute)
    write_json(tmp_path / "items.json", values)
    base = serve(tmp_path)
    sources = find_sources([f"{base}/items.json?sig=secret"])
    assert names(sources[:2]) == [f"{base}/a.tif", f"{base}/b.tif"]
    for source, (name, _) in zip(sources[2:5], bad, strict=True):
        assert source.name == f"{base}/items.json#{name}"
        assert "a catalogue of the network may name https://" in source.problem
    # A path of the server, not of this machine.
    assert sources[5].name == f"{base}/etc/passwd.tif"


def test_links_of_a_catalogue_over_http_lead_nowhere_else(tmp_path, five, serve):
    write_json(tmp_path / "a.json", five[0].to_dict())
    links = [
        {"rel": "item", "href": "./a.json"},
        {"rel": "item", "href": "file:///etc/hostname"},
        {"rel": "item", "href": "gone.json"},
        {"rel": "child", "href": "../../../etc/hostname"},
    ]
    write_json(
        tmp_path / "catalog.json", {"type": "Catalog", "stac_version": "1.1.0", "links": links}
    )
    base = serve(tmp_path)
    sources = find_sources([f"{base}/catalog.json"])
    problems = {source.name: source.problem for source in sources}
    assert problems.pop(f"{base}/a.tif") == ""
    assert "may name https://" in problems.pop(f"{base}/catalog.json#file:///etc/hostname")
    assert "is not there (HTTP 404)" in problems.pop(f"{base}/gone.json")
    assert "is not there (HTTP 404)" in problems.pop(f"{base}/etc/hostname")
    assert not problems


def test_endpoints_of_an_api_are_read_by_their_address(tmp_path, five):
    def answer(_):
        return 200, json.dumps(pystac.ItemCollection(five).to_dict())

    server = FolderServer(
        tmp_path, answers={"/v1/collections/x/items": answer, "/v1/search": answer}
    )
    try:
        for path in ("/v1/collections/x/items?limit=5", "/v1/search?collections=x"):
            sources = find_sources([server.base + path])
            assert len(sources) == 5
    finally:
        server.close()


def test_assets_that_a_person_asks_for(tmp_path, item):
    assets = {key: (f"{key}.tif", {}) for key in ("B02", "B03", "B04", "B08")}
    path = write_json(tmp_path / "item.json", item("a", assets).to_dict())
    (source,) = find_sources([f"{path}#assets=B08"])
    assert source.name == str(tmp_path / "B08.tif")
    (source,) = find_sources([f"{path}#assets=B08,B04,B03"])
    assert [part.path for part in source.parts] == [
        str(tmp_path / f"{key}.tif") for key in ("B08", "B04", "B03")
    ]
    (source,) = find_sources([f"{path}#assets=B11"])
    assert "it has no asset 'B11', which was asked for; it has B02, B03" in source.problem
    with pytest.raises(DataError, match="asks for 2 assets; name one, or red, green and blue"):
        find_sources([f"{path}#assets=B04,B03"])


def test_a_list_may_name_a_catalogue(tmp_path, five, pictures):
    pystac.ItemCollection(five).save_object(str(tmp_path / "items.json"))
    (tmp_path / "list.txt").write_text("items.json\n")
    assert names(find_sources([tmp_path / "list.txt"])) == pictures


def test_items_before_version_1(tmp_path, item):
    values = item("a", {"B": ("a.tif", {"eo:bands": [2, 1, 0], "roles": []})}).to_dict()
    values["stac_version"] = "0.6.2"
    bands = [{"name": color, "common_name": color} for color in ("blue", "green", "red")]
    values["properties"]["eo:bands"] = bands
    (source,) = find_sources([write_json(tmp_path / "item.json", values)])
    assert source.name == str(tmp_path / "a.tif")


def test_what_is_no_catalogue(tmp_path, serve):
    write_json(tmp_path / "list.json", [1, 2])
    write_json(tmp_path / "area.json", {"type": "Polygon"})
    (tmp_path / "text.json").write_text("not JSON")
    write_json(tmp_path / "empty.json", {"type": "Catalog", "stac_version": "1.0.0", "links": []})
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    base = serve(tmp_path)
    for name, problem in (
        ("list.json", "is JSON, but no STAC item"),
        ("text.json", "is not JSON"),
        ("empty.json", "holds no items"),
        ("other.parquet", "is no table of STAC items: it has no columns id and assets"),
        ("broken.parquet", "it is no Parquet file"),
    ):
        with pytest.raises(DataError, match=problem):
            find_sources([tmp_path / name])
    # GDAL may read it.
    assert find_sources([tmp_path / "area.json"])[0].opened_as == str(tmp_path / "area.json")
    with pytest.raises(DataError, match="is JSON, but no STAC item"):
        find_sources([f"{base}/area.json"])
    with pytest.raises(MissingFileError, match=r"none\.json is not there \(HTTP 404\)"):
        find_sources([f"{base}/none.json?sig=secret"])
    with pytest.raises(DataError, match="a table of items is read from this machine"):
        find_sources([f"{base}/items.parquet?sig=secret"])
