"""OGC API Features: what it answers, and what GDAL reads of it."""

import httpx
import pytest
from tests.serve.gdal_client import list_layers, read_layer
from tests.serve.mixed import CHIPS

from harma.searches.records import Mark

GEOJSON = "application/geo+json"


@pytest.fixture(scope="module")
def saved(mixed_service):
    """A saved search whose hits were marked, and a draft."""
    searches = mixed_service.indexes["mixed"].searches
    searches.create("", {"text": "a roof"}, is_draft=True)
    return searches.create("roofs", {"text": "a red roof", "overlap": None})


def get(server, path, **query):
    answer = httpx.get(server + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def all_items(server, path, **query):
    """All items by next links, and how many pages they were on."""
    page = get(server, path, **query)
    features = list(page["features"])
    pages = 1
    while following := [link["href"] for link in page["links"] if link["rel"] == "next"]:
        page = httpx.get(following[0]).json()
        features += page["features"]
        pages += 1
        assert page["numberMatched"] >= page["numberReturned"] > 0
    return features, pages


def test_the_landing_page_leads_everywhere(mixed_server, saved):
    page = get(mixed_server, "/")
    links = {(link["rel"], link.get("method", "GET")): link for link in page["links"]}
    assert links["service-desc", "GET"]["type"] == "application/vnd.oai.openapi+json;version=3.0"
    for rel in ("self", "root", "conformance", "data"):
        assert links[rel, "GET"]["type"] == "application/json"
        assert httpx.get(links[rel, "GET"]["href"]).status_code == 200
    assert httpx.get(links["service-desc", "GET"]["href"]).json()["openapi"].startswith("3.")
    assert links["search", "POST"]["href"] == links["search", "GET"]["href"]
    children = [link["title"] for link in page["links"] if link["rel"] == "child"]
    assert children == ["mixed", "roofs"]
    assert get(mixed_server, "/conformance")["conformsTo"] == page["conformsTo"]


def test_collections_are_indexes_and_saved_searches_but_no_drafts(mixed_server, saved):
    answer = get(mixed_server, "/collections")
    assert [one["id"] for one in answer["collections"]] == ["mixed", f"search-{saved.id}"]
    index = get(mixed_server, "/collections/mixed")
    # Around the pole: all longitudes. Not the fixture of a single place.
    (bbox,) = index["extent"]["spatial"]["bbox"]
    assert bbox[0] == -180
    assert bbox[2] == 180
    assert bbox[1] < -16
    assert bbox[3] == 90
    assert index["extent"]["temporal"]["interval"] == [
        ["2012-06-01T00:00:00Z", "2021-01-02T23:59:59.999999Z"]
    ]
    assert index in answer["collections"]
    (items,) = [link for link in index["links"] if link["rel"] == "items"]
    assert items["type"] == GEOJSON
    assert httpx.get(items["href"]).headers["content-type"] == GEOJSON


@pytest.mark.parametrize("limit", [1, 7, 53, 54, 10_000, 10**12])
def test_pages_hold_every_item_once(mixed_server, limit):
    features, pages = all_items(mixed_server, "/collections/mixed/items", limit=limit)
    assert len({feature["id"] for feature in features}) == len(features) == CHIPS
    assert pages == -(-CHIPS // min(limit, 10_000))


def test_an_item_is_found_by_its_id(mixed_server):
    for feature in get(mixed_server, "/collections/mixed/items", limit=3)["features"]:
        (itself,) = [link["href"] for link in feature["links"] if link["rel"] == "self"]
        assert httpx.get(itself).json() == feature
    assert httpx.get(mixed_server + "/collections/mixed/items/nothing").status_code == 404


@pytest.mark.parametrize(
    ("bbox", "count"),
    [
        ("-180,-90,180,90", CHIPS - 9),  # all with a place
        ("179.8,-17,-179.8,-15", 9),  # across the 180th meridian
        ("-180,-17,-179.8,-15", 6),  # east of it: the middle chips are on both sides
        ("0,85,1,90", None),  # a part of the ice around the pole
        ("10,10,11,11", 0),
        ("179.8,-17,0,-179.8,-15,100", 9),  # with heights
    ],
)
def test_a_box_admits_what_lies_in_it(mixed_server, bbox, count):
    page = get(mixed_server, "/collections/mixed/items", bbox=bbox)
    assert page["numberMatched"] == len(page["features"])
    if count is None:
        names = {feature["properties"]["source_name"] for feature in page["features"]}
        assert names == {"ice_20180301.tif"}
    else:
        assert page["numberMatched"] == count


@pytest.mark.parametrize(
    ("period", "names"),
    [
        ("2020-06-15T12:00:00Z", {"harbour_20200615.tif"}),
        ("2012-06-05T00:00:00Z/2012-06-06T00:00:00Z", {"fields_2012-06.tif"}),  # within its month
        (
            "2019-01-01T00:00:00Z/..",
            {"harbour_20200615.tif", "fiji_20190301.tif", "photo_20210102.png"},
        ),
        ("../2012-06-01T00:00:00Z", {"fields_2012-06.tif"}),
        ("/2012-05-31T23:59:59Z", set()),
        ("2018-03-01", {"ice_20180301.tif"}),
    ],
)
def test_dates_admit_chips_of_a_period(mixed_server, period, names):
    page = get(mixed_server, "/collections/mixed/items", datetime=period)
    assert {feature["properties"]["source_name"] for feature in page["features"]} == names
    assert page["numberMatched"] == 9 * len(names)


def test_undated_chips_have_the_longest_period(mixed_server):
    page = get(mixed_server, "/collections/mixed/items")
    by_name = {item["properties"]["source_name"]: item["properties"] for item in page["features"]}
    town = by_name["town.tif"]
    assert town["datetime"] is None
    assert town["date"] == ""
    assert town["start_datetime"] == "1858-01-01T00:00:00Z"
    assert town["end_datetime"] > "2026"
    fields = by_name["fields_2012-06.tif"]
    assert fields["date"] == "2012-06"
    assert fields["start_datetime"] == fields["datetime"] == "2012-06-01T00:00:00Z"
    assert fields["end_datetime"] == "2012-06-30T23:59:59.999Z"
    # All have the same fields but for the size of their pixels.
    assert {frozenset(set(one) - {"gsd"}) for one in by_name.values()} == {
        frozenset(set(town) - {"gsd"})
    }


def test_places_are_told_as_geojson_has_them(mixed_server):
    items = get(mixed_server, "/collections/mixed/items")["features"]
    by_name = {}
    for item in items:
        by_name.setdefault(item["properties"]["source_name"], []).append(item)
    assert all(
        item["geometry"] is None and "bbox" not in item for item in by_name["photo_20210102.png"]
    )
    crossing = [item for item in by_name["fiji_20190301.tif"] if item["bbox"][0] > item["bbox"][2]]
    assert len(crossing) == 3
    assert all(item["geometry"]["type"] == "MultiPolygon" for item in crossing)


def test_no_answer_holds_a_path_of_the_server(mixed_server, mixed_archive, saved):
    for path in (
        "/",
        "/collections",
        "/collections/mixed/items",
        "/search",
        f"/collections/search-{saved.id}/items",
        "/v1/indexes/mixed/coverage",
        "/v1/indexes/mixed/sources",
    ):
        assert str(mixed_archive.parent) not in httpx.get(mixed_server + path).text


def test_a_text_ranks_items(mixed_server):
    page = get(mixed_server, "/collections/mixed/items", q="a red roof", limit=5)
    ranks = [item["properties"]["rank"] for item in page["features"]]
    scores = [item["properties"]["score"] for item in page["features"]]
    assert ranks == [1, 2, 3, 4, 5]
    assert scores == sorted(scores, reverse=True)
    here = get(
        mixed_server, "/collections/mixed/items", q="a red roof", bbox="179.8,-17,-179.8,-15"
    )
    assert {item["properties"]["source_name"] for item in here["features"]} == {"fiji_20190301.tif"}
    features, _ = all_items(mixed_server, "/collections/mixed/items", q="a red roof", limit=7)
    assert len({item["id"] for item in features}) == len(features) == page["numberMatched"]


def test_a_saved_search_holds_its_hits_with_their_marks(mixed_server, mixed_service, saved):
    path = f"/collections/search-{saved.id}/items"
    before, _ = all_items(mixed_server, path, limit=10)
    assert [item["properties"]["rank"] for item in before] == list(range(1, CHIPS + 1))
    chosen = before[5]["id"]
    searches = mixed_service.indexes["mixed"].searches
    searches.put_marks(saved.id, [Mark(chosen, "good"), Mark(before[0]["id"], "bad")])
    after, _ = all_items(mixed_server, path, limit=100)
    ranks = {item["id"]: item["properties"]["rank"] for item in after}
    assert ranks[chosen] < 6
    assert [item["id"] for item in after] != [item["id"] for item in before]
    marks = {item["id"]: item["properties"]["mark"] for item in after}
    assert marks.pop(chosen) == "good"
    assert marks.pop(before[0]["id"]) == "bad"
    assert set(marks.values()) == {""}
    boxed = get(mixed_server, path, bbox="179.8,-17,-179.8,-15")
    assert boxed["numberMatched"] == 9
    dated = get(mixed_server, path, datetime="2020-06-15T12:00:00Z")
    assert dated["numberMatched"] == 9
    assert httpx.get(mixed_server + path, params={"q": "a roof"}).status_code == 400


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "a,b,c,d"}, "bbox"),
        ({"bbox": "0,0,inf,1"}, "bbox"),
        ({"datetime": "yesterday"}, "datetime"),
        ({"datetime": "../.."}, "datetime"),
        ({"datetime": "2020/2019"}, "datetime"),
        ({"token": "x"}, "token"),
        ({"token": "mixed~0.x"}, "token"),
        ({"token": "mixed~" + 5000 * "9"}, "token"),
        ({"filter": "gsd < 1"}, "filter"),
        ({"q": 501 * "x"}, "q"),
    ],
)
def test_what_cannot_be_used_is_told(mixed_server, query, word):
    answer = httpx.get(mixed_server + "/collections/mixed/items", params=query)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.json()["detail"]


def test_versions_that_are_gone_are_told(mixed_server):
    answer = httpx.get(mixed_server + "/collections/mixed/items", params={"token": "mixed~999.5"})
    assert answer.status_code == 410
    assert "begin again" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["none", "search-none", "draft", "..%2Fmixed"])
def test_collections_that_are_not_there_are_told(mixed_server, mixed_service, saved, name):
    if name == "draft":
        searches = mixed_service.indexes["mixed"].searches
        (draft,) = [one for one in searches.all(drafts=True) if one.is_draft]
        name = f"search-{draft.id}"
    assert httpx.get(f"{mixed_server}/collections/{name}/items").status_code == 404


# -- GDAL -----------------------------------------------------------------------------------------


def test_gdal_reads_collections(mixed_server, saved):
    layers = list_layers(f"OAPIF:{mixed_server}/")
    assert set(layers) == {"mixed", f"search-{saved.id}"}
    chips = read_layer(f"OAPIF:{mixed_server}/collections/mixed")
    assert chips["count"] == CHIPS
    assert chips["crs"] == 4326
    assert {"source_name", "date", "start_datetime"} <= set(chips["columns"])
    assert chips["kinds"] == ["MultiPolygon", "Polygon"]
    hits = read_layer(f"OAPIF:{mixed_server}/collections/search-{saved.id}")
    assert hits["count"] == CHIPS
    assert sorted(map(int, hits["columns"]["rank"])) == list(range(1, CHIPS + 1))


def test_gdal_filters_by_box(mixed_server):
    chips = read_layer(f"OAPIF:{mixed_server}/collections/mixed", bbox=(2.9, 45.0, 3.1, 45.2))
    assert set(chips["columns"]["source_name"]) == {"harbour_20200615.tif", "fields_2012-06.tif"}


def test_gdal_reads_the_address_of_a_search(mixed_server):
    address = f"{mixed_server}/collections/mixed"
    assert read_layer(f"OAPIF:{address}?q=houses")["count"] == CHIPS
    assert read_layer(f"{address}/items?q=houses&limit=20")["count"] == 20
