"""An index that is damaged, made anew or replaced while it is served: the others go on."""

import shutil

import pytest

from harma.errors import BusyError
from harma.index.index import Index
from harma.serve.guarded import CANNOT_BE_READ
from harma.serve.live import IS_AS_BEFORE, PARTLY_READ
from harma.serve.served import ServedIndex
from harma.serve.upkeep import refresh_all

SEARCH = {"text": "a road", "k": 5}


class Clock:
    """A clock that is turned by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def two(make_service, archive, model, tmp_path):
    """A service of two indexes, the second one to be broken, and its directory."""
    service = make_service()
    broken = tmp_path / "broken"
    shutil.copytree(archive, broken)
    service.indexes["broken"] = ServedIndex("broken", broken, model[0])
    service.indexes["broken"].warm_up()
    service.indexes["broken"]._doubts._clock = Clock()
    return service, broken


def chips_of(directory):
    return next((directory / "tables").iterdir()) / "chips.lance"


def garbage(directory):
    for file in (chips_of(directory) / "data").iterdir():
        file.write_bytes(b"\xa5" * file.stat().st_size)


def cut(directory):
    for file in (chips_of(directory) / "data").iterdir():
        file.write_bytes(file.read_bytes()[:100])


def without_data(directory):
    shutil.rmtree(chips_of(directory) / "data")


def without_tables(directory):
    shutil.rmtree(directory / "tables")


def foreign(directory):
    """A table of Lance that is none of ours, in place of the chips."""
    import lancedb

    place = chips_of(directory)
    shutil.rmtree(place)
    lancedb.connect(place.parent).create_table("chips", [{"x": 1}])


@pytest.mark.parametrize("damage", [garbage, cut, without_data, without_tables, foreign])
def test_a_damaged_index_answers_503_and_leaves_the_others_alone(two, make_client, damage):
    service, broken = two
    client = make_client(service, raise_server_exceptions=False)
    damage(broken)
    for _ in range(2):
        # Before it is looked at, and after.
        answer = client.post("/v1/indexes/broken/search", json=SEARCH)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert "the index broken cannot be searched: its tables" in answer.json()["detail"]
        assert str(broken) not in answer.text
        assert client.post("/v1/indexes/archive/search", json=SEARCH).status_code == 200
        for address in ("/v1/indexes", "/collections", "/", "/v1/searches", "/search?limit=3"):
            assert client.get(address).status_code == 200, address
        refresh_all(service)
    summary = client.get("/v1/indexes/broken").json()
    assert (summary["state"], summary["problem"]) == ("failed", CANNOT_BE_READ)
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "broken is failed" in ready.json()["detail"]
    names = [one["id"] for one in client.get("/collections").json()["collections"]]
    assert names == ["archive"]
    assert client.get("/collections/broken").status_code == 503
    assert client.get("/v1/indexes/broken/coverage").status_code == 503


def test_it_is_opened_again_when_it_is_whole(two, make_client):
    service, broken = two
    served = service.index("broken")
    client = make_client(service)
    aside = broken.with_name("aside")
    shutil.copytree(broken / "tables", aside)
    without_data(broken)
    assert client.post("/v1/indexes/broken/search", json=SEARCH).status_code == 503
    assert not served.refresh()
    assert served.state == "failed"
    shutil.rmtree(broken / "tables")
    shutil.copytree(aside, broken / "tables")
    assert not served.refresh(), "not before its time"
    served._doubts._clock.now += 60
    assert served.refresh()
    assert (served.state, served.problem) == ("ready", "")
    assert client.post("/v1/indexes/broken/search", json=SEARCH).status_code == 200


def test_a_newest_version_that_cannot_be_read_leaves_the_one_before(two, make_client, caplog):
    service, broken = two
    versions = sorted((chips_of(broken) / "_versions").iterdir())
    for file in versions:
        file.write_bytes(b"x" * 40)
    client = make_client(service)
    refresh_all(service)
    refresh_all(service)
    assert client.post("/v1/indexes/broken/search", json=SEARCH).status_code == 200
    summary = client.get("/v1/indexes/broken").json()
    assert (summary["state"], summary["problem"]) == ("ready", IS_AS_BEFORE)
    assert "cannot be opened again" in caplog.text


def test_what_is_partly_damaged_is_told_and_searched(service, client):
    served = service.index("archive")
    real = served._open.index._snapshot.store._store
    real.rows = lambda *_: (_ for _ in ()).throw(OSError("no such block"))
    chip = client.post("/v1/indexes/archive/search", json=SEARCH).json()["features"][0]["id"]
    assert client.get(f"/v1/indexes/archive/chips/{chip}/thumbnail").status_code == 503
    assert served.refresh()
    assert (served.state, served.problem) == ("ready", PARTLY_READ)
    assert client.get(f"/v1/indexes/archive/chips/{chip}/thumbnail").status_code == 200


def test_an_index_that_is_built_anew_is_seen(two, make_client, write_scenes, build_index, tmp_path):
    """The versions of both have the same numbers, and kept hits are of the first."""
    service, broken = two
    client = make_client(service)
    address = "/v1/indexes/broken/search"
    first = client.post(address, json=SEARCH).json()
    items = client.get("/collections/broken/items?limit=1").json()
    held = service.index("broken").held()
    write_scenes(tmp_path / "others", 3, first=7)
    shutil.rmtree(broken)
    build_index(tmp_path / "others", directory=broken)
    assert service.index("broken").refresh()
    again = client.post(address, json=SEARCH).json()
    assert service.index("broken").held().index.store.version == held.index.store.version
    assert again["version"] > first["version"]
    assert {one["id"] for one in again["features"]}.isdisjoint(
        one["id"] for one in first["features"]
    )
    others = client.get("/collections/broken/items?limit=1").json()
    assert others["features"][0]["id"] != items["features"][0]["id"]
    names = {one["name"] for one in client.get("/v1/indexes/broken/sources").json()["sources"]}
    assert len(names) == 3
    assert names.isdisjoint(
        one["name"] for one in client.get("/v1/indexes/archive/sources").json()["sources"]
    )


def test_an_index_that_gets_other_tiles_is_loading_until_it_is_open(two, model):
    """Its tables of before are gone, as with another model: they are not searched meanwhile."""
    service, broken = two
    served = service.index("broken")
    before = served.version
    Index.reembed(broken, model[1], tiles=2, num_workers=0)
    states = []
    opened = served._opened

    def watched():
        states.append(served.state)
        return opened()

    served._opened = watched
    assert served.refresh()
    assert states == ["loading"]
    assert (served.state, served.problem) == ("ready", "")
    assert served.held().index.store.settings.tiles == 2
    assert served.version > before


def test_an_index_that_was_emptied(two, make_client):
    service, broken = two
    client = make_client(service)
    Index.remove(broken, ["*"])
    refresh_all(service)
    answer = client.post("/v1/indexes/broken/search", json=SEARCH).json()
    assert answer["features"] == []
    assert answer["empty"]["reason"]
    assert client.get("/v1/indexes/broken").json()["chips"] == 0
    for address in (
        "/collections/broken",
        "/collections/broken/items",
        "/v1/indexes/broken/coverage",
    ):
        assert client.get(address).status_code == 200


def test_what_is_held_stays(two):
    service, broken = two
    served = service.index("broken")
    held = served.held()
    Index.remove(broken, ["*scene1*"])
    assert served.refresh()
    assert len(held.index.search("a road", k=50)) == 27
    assert len(served.index.search("a road", k=50)) == 18
    assert served.version > held.version


def test_a_damaged_database_of_saved_searches_is_its_own(two, make_client):
    service, broken = two
    client = make_client(service)
    saved = {"index": "archive", "name": "roads", "asked": {"text": "a road"}}
    kept = client.post("/v1/searches", json=saved).json()["id"]
    (broken / "searches.sqlite").write_bytes(b"x" * 5000)
    # In front of the other.
    service.indexes = dict(sorted(service.indexes.items(), reverse=True))
    listed = client.get("/v1/searches").json()
    assert [one["id"] for one in listed["searches"]] == [kept]
    assert listed["unread"] == ["broken"]
    assert client.get("/v1/searches?index=broken").status_code == 507
    assert client.get(f"/v1/searches/{kept}").status_code == 200
    assert client.get("/v1/searches/none").status_code == 507
    names = [one["id"] for one in client.get("/collections").json()["collections"]]
    assert names == ["broken", "archive", f"search-{kept}"]


def test_where_nothing_is_open_yet(archive):
    served = ServedIndex("archive", archive)
    with pytest.raises(BusyError, match="still loading"):
        served.held()
    with pytest.raises(BusyError, match="still loading"):
        served.facts()
