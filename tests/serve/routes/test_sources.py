"""Routes of sources: pages, facts, tiles, coverage; nothing a client says reaches GDAL."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from tests.serve.mixed import NO_PLACE, SCENES

from harma.serve.app import make_app
from harma.serve.mercator import tile_grid
from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.settings import ServeSettings

BASE = "/v1/indexes/mixed"


@pytest.fixture(scope="module")
def mixed_client(mixed_service):
    return TestClient(make_app(mixed_service), base_url="http://localhost")


@pytest.fixture(scope="module")
def sources(mixed_client):
    """Name → facts of each scene."""
    listed = mixed_client.get(f"{BASE}/sources").json()["sources"]
    return {source["name"]: source for source in listed}


def middle(facts, z):
    """The tile of a zoom in which the middle of a scene lies."""
    west, south, east, north = facts["bbox"]
    longitude = west + (east - west) % 360 / 2
    latitude = np.radians((south + north) / 2)
    x = int((longitude + 180) / 360 * 2**z) % 2**z
    return x, int((1 - np.arcsinh(np.tan(latitude)) / np.pi) / 2 * 2**z)


def address(facts, z, x=None, y=None):
    if x is None:
        x, y = middle(facts, z)
    return facts["tiles"].format(z=z, x=x, y=y)


def test_scenes_are_told_by_their_files(sources):
    assert set(sources) == {*SCENES, NO_PLACE}
    harbour = sources["harbour_20200615.tif"]
    assert (harbour["chips"], harbour["width"], harbour["height"]) == (9, 96, 96)
    assert (harbour["date"], harbour["bands"]) == ("2020-06-15", "1,2,3")
    assert harbour["bbox"] == pytest.approx([3, 45.14, 3.012, 45.15], abs=0.01)
    assert harbour["min_zoom"] == harbour["max_zoom"] == 14
    assert sources["fiji_20190301.tif"]["bbox"] == pytest.approx([179.9, -16.2, -179.9, -16])
    assert sources["town.tif"]["date"] == ""
    photo = sources[NO_PLACE]
    assert [photo[name] for name in ("bbox", "tiles", "min_zoom", "max_zoom")] == [None] * 4


@pytest.mark.parametrize("k", [1, 4, 6, 1000])
def test_pages_hold_every_scene_once(mixed_client, sources, k):
    seen = []
    following = f"{BASE}/sources?k={k}"
    while following:
        page = mixed_client.get(following).json()
        seen += [source["id"] for source in page["sources"]]
        following = page["next"]
    assert sorted(seen) == sorted(source["id"] for source in sources.values())


def test_one_scene_says_whether_its_file_has_overviews(mixed_client, sources):
    listed = sources["harbour_20200615.tif"]
    alone = mixed_client.get(f"{BASE}/sources/{listed['id']}").json()
    assert listed["overviews"] is None
    assert alone == {**listed, "overviews": False}
    assert mixed_client.get(f"{BASE}/sources/none").status_code == 404
    assert mixed_client.get("/v1/indexes/none/sources").status_code == 404


def test_coverage_is_a_box_for_each_scene_with_a_place(mixed_client, sources):
    answer = mixed_client.get(f"{BASE}/coverage")
    assert answer.headers["content-type"] == "application/geo+json"
    boxes = {box["properties"]["source_name"]: box for box in answer.json()["features"]}
    assert set(boxes) == set(SCENES)
    assert answer.json()["truncated"] is False
    harbour = boxes["harbour_20200615.tif"]
    assert harbour["id"] == harbour["properties"]["source"] == sources["harbour_20200615.tif"]["id"]
    assert harbour["geometry"]["type"] == "Polygon"
    assert (harbour["properties"]["chips"], harbour["properties"]["date"]) == (9, "2020-06-15")
    # Two parts, so that no map draws it around the Earth.
    assert boxes["fiji_20190301.tif"]["geometry"]["type"] == "MultiPolygon"
    again = mixed_client.get(f"{BASE}/coverage", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize(
    ("accept", "form"), [("*/*", "PNG"), ("image/avif,image/webp,*/*", "WEBP")]
)
def test_tiles_in_the_form_that_a_client_reads(mixed_client, sources, name, accept, form):
    facts = sources[name]
    for z in {facts["min_zoom"], facts["max_zoom"]}:
        answer = mixed_client.get(address(facts, z), headers={"Accept": accept})
        image = Image.open(io.BytesIO(answer.content))
        assert image.format == form
        assert answer.headers["content-type"] == f"image/{form.lower()}"
        assert answer.headers["vary"] == "Accept"
        assert np.array(image.convert("RGBA"))[..., 3].any()


def test_outside_of_a_scene_all_is_transparent(mixed_client, sources):
    answer = mixed_client.get(address(sources["harbour_20200615.tif"], 14, 0, 0))
    assert answer.status_code == 200
    assert not np.array(Image.open(io.BytesIO(answer.content)))[..., 3].any()


def test_browsers_keep_tiles_for_ever_under_an_address_of_their_content(mixed_client, sources):
    facts = sources["town.tif"]
    kept = mixed_client.get(address(facts, 14))
    assert "immutable" in kept.headers["cache-control"]
    again = mixed_client.get(address(facts, 14), headers={"If-None-Match": kept.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    # By another address they ask first: the scene may have changed.
    for other in (address(facts, 14).partition("?")[0], address(facts, 14) + "0"):
        asked = mixed_client.get(other)
        assert asked.headers["cache-control"] == "private, no-cache"
        assert asked.content == kept.content


@pytest.mark.parametrize(
    "query",
    [
        "tilesize=100000",
        "url=http://169.254.169.254/",
        "bidx=99",
        "rescale=0,1",
        "f=html",
        "source=/etc/passwd",
    ],
)
def test_no_parameter_counts(mixed_client, sources, query):
    plain = address(sources["town.tif"], 14)
    assert mixed_client.get(f"{plain}&{query}").content == mixed_client.get(plain).content


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("25/0/0", 422),
        ("-1/0/0", 422),
        ("3/8/0", 404),
        ("3/0/8", 404),
        ("3/0/-1", 422),
        ("24/16777216/0", 422),
        ("a/0/0", 422),
        (f"1/{'9' * 5000}/0", 422),
        ("3/1.5/0", 422),
    ],
)
def test_tiles_that_are_none(mixed_client, sources, place, status):
    base = f"{BASE}/sources/{sources['town.tif']['id']}/tiles"
    answer = mixed_client.get(f"{base}/{place}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["none", "..", "%2Fetc%2Fpasswd", "town.tif", "0" * 10_000])
def test_only_ids_open_scenes(mixed_client, name):
    answer = mixed_client.get(f"{BASE}/sources/{name}/tiles/0/0/0")
    assert answer.status_code == 404


def test_a_scene_without_a_place_has_no_tiles(mixed_client, sources):
    answer = mixed_client.get(f"{BASE}/sources/{sources[NO_PLACE]['id']}/tiles/0/0/0")
    assert answer.status_code == 404
    assert "no place" in answer.json()["detail"]


def test_scenes_that_changed_or_went_are_told_without_their_paths(mixed_archive, model, tmp_path):
    # Scenes of the archive are named by their whole paths: they are changed and put back.
    folder = mixed_archive.parent / "scenes"
    shutil.copytree(folder, tmp_path / "kept")
    service = Service.of(ServeSettings(indexes={"mixed": mixed_archive}))
    service.indexes = {"mixed": ServedIndex("mixed", mixed_archive, model[0])}
    service.indexes["mixed"].warm_up()
    client = TestClient(make_app(service), base_url="http://localhost")
    listed = client.get(f"{BASE}/sources").json()["sources"]
    tiles = {source["name"]: source["tiles"] for source in listed if source["tiles"]}

    def ask(name):
        answer = client.get(tiles[name].format(z=0, x=0, y=0))
        assert str(mixed_archive.parent) not in answer.text
        return answer.status_code

    try:
        assert ask("town.tif") == 200
        shutil.copy(folder / "harbour_20200615.tif", folder / "town.tif")
        assert ask("town.tif") == 409
        (folder / "fields_2012-06.tif").unlink()
        assert ask("fields_2012-06.tif") == 404
        Path(folder / "ice_20180301.tif").write_bytes(b"no raster")
        assert ask("ice_20180301.tif") == 409
        # The others are shown as before.
        assert ask("harbour_20200615.tif") == 200
    finally:
        for path in (tmp_path / "kept").iterdir():
            shutil.copy2(path, folder)
    assert ask("town.tif") == 200


def test_tiles_lie_where_their_numbers_say(mixed_client, sources):
    # Half of a pixel from the scene's edge, the first pixels of a tile are its own.
    facts = sources["harbour_20200615.tif"]
    x, y = middle(facts, 18)
    grid = tile_grid(18, x, y)
    assert grid.transform.a == pytest.approx(0.597, abs=0.001)
    image = Image.open(io.BytesIO(mixed_client.get(address(facts, 18, x, y)).content))
    assert image.mode == "RGB"
