"""Several indexes served as one: as an index of all their chips; whatever happens to a part."""

import shutil

import pytest
from tests.serve.test_live import Clock, chips_of, garbage

from harma.errors import BusyError
from harma.index.index import Index
from harma.serve.group import AS_BEFORE, DO_NOT_FIT, OF_SEVERAL_MODELS, ServedGroup
from harma.serve.guarded import CANNOT_BE_READ
from harma.serve.live import IS_AS_BEFORE, IS_GONE
from harma.serve.service import Service
from harma.serve.settings import ServeSettings
from harma.serve.upkeep import refresh_all

SEARCH = {"text": "a road", "k": 5}


@pytest.fixture
def world(grouped):
    return grouped.index("world")


@pytest.fixture
def client(grouped, make_client):
    return make_client(grouped, raise_server_exceptions=False)


@pytest.fixture
def add(write_scenes, build_index, tmp_path):
    """Brings a new scene into an index that was split."""

    def add_scene(directory, first):
        write_scenes(tmp_path / "further", 1, first=first)
        build_index(*(tmp_path / "further").glob(f"scene{first}_*"), directory=directory)

    return add_scene


def summary(client, name="world"):
    return client.get(f"/v1/indexes/{name}").json()


def found(client, name="world", **asked):
    answer = client.post(f"/v1/indexes/{name}/search", json=SEARCH | asked)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["features"]]


# -- as an index of all chips ----------------------------------------------------------------------


def test_it_names_its_parts(client):
    told = summary(client)
    assert (told["state"], told["problem"], told["chips"], told["sources"]) == ("ready", "", 27, 3)
    assert [(part["name"], part["state"], part["chips"]) for part in told["parts"]] == [
        ("first", "ready", 18),
        ("later", "ready", 9),
    ]
    names = [one["id"] for one in client.get("/v1/indexes").json()["indexes"]]
    assert names == ["world", "archive", "later"], "a part that is not served apart has no id"
    assert "parts" not in summary(client, "later")
    assert client.get("/v1/indexes/first").status_code == 404


def of_archive(text):
    return text.replace("archive", "world")


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "a road"},
        {"text": "a red roof", "k": 30, "overlap": None},
        {"text": "roofs", "bbox": [3.0, 45.0, 3.004, 46.0]},
        {"text": "a change", "before": "2010-12-31", "after": "2011-01-01"},
    ],
)
def test_searches_find_the_same(client, asked):
    ours = client.post("/v1/indexes/world/search", json=asked).json()
    theirs = client.post("/v1/indexes/archive/search", json=asked).json()
    assert ours["counts"] == theirs["counts"]
    for one, other in zip(ours["features"], theirs["features"], strict=True):
        assert one["id"] == other["id"]
        assert one["properties"]["score"] == pytest.approx(other["properties"]["score"], abs=1e-6)
        assert one["properties"]["index"] == "world"
    assert ours["features"] or "bbox" in asked or "before" in asked


def test_pages_of_a_kept_list_go_through_both_parts(client):
    page = client.post("/v1/indexes/world/search", json={"text": "a road", "k": 10}).json()
    ids = []
    while True:
        ids += [one["id"] for one in page["features"]]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()
    whole = found(client, "archive", k=27, overlap=None)
    page = found(client, k=27, overlap=None)
    assert page == whole
    assert len(set(ids)) == len(ids)
    address = f"/v1/indexes/world/results/{page_id(client)}/export"
    exported = client.get(address, params={"format": "csv"})
    assert exported.status_code == 200
    assert len(exported.text.splitlines()) > 5


def page_id(client):
    return client.post("/v1/indexes/world/search", json=SEARCH).json()["query_id"]


@pytest.mark.parametrize("place", ["", "/thumbnail", "/image", "/relevance?text=a+road"])
def test_a_chip_of_either_part_is_shown(client, place):
    for chip in found(client, k=27, overlap=None)[::4]:
        ours = client.get(f"/v1/indexes/world/chips/{chip}{place}")
        theirs = client.get(f"/v1/indexes/archive/chips/{chip}{place}")
        assert ours.status_code == theirs.status_code == 200
        if ours.headers["content-type"] == "image/jpeg":
            assert ours.content == theirs.content
        else:
            assert ours.text == of_archive(theirs.text)
    assert client.get("/v1/indexes/world/chips/none").status_code == 404


def test_scenes_of_both_parts_are_there(client):
    for address in ("coverage", "sources"):
        ours = client.get(f"/v1/indexes/world/{address}")
        theirs = client.get(f"/v1/indexes/archive/{address}")
        assert ours.text == of_archive(theirs.text)
    for source in client.get("/v1/indexes/world/sources").json()["sources"]:
        tile = f"sources/{source['id']}/tiles/16/33314/23544"
        ours = client.get(f"/v1/indexes/world/{tile}")
        assert ours.status_code == 200
        assert ours.content == client.get(f"/v1/indexes/archive/{tile}").content
        facts = client.get(f"/v1/indexes/world/sources/{source['id']}").json()
        assert facts["overviews"] is False


def test_a_scene_is_drawn_as_its_own_part_reads_it(client, grouped, shards):
    """Each part has settings of its own: bands, stretch, nodata."""
    owners = {}
    for source in grouped.source_tables.of(grouped.index("world")).sources:
        owners[source.record.source] = source.settings
    world = grouped.index("world").index.store
    for part in world.parts:
        for name in part.sources():
            assert owners[name] is part.settings


def test_items_and_stac(client):
    for address in (
        "/collections/{}/items?limit=10",
        "/search?collections={}&limit=10",
        "/collections/{}/items?limit=10&bbox=4.4,45,4.51,45.2",
    ):
        ids = {}
        for name in ("world", "archive"):
            ids[name] = []
            page = client.get(address.format(name)).json()
            while True:
                ids[name] += [one["id"] for one in page["features"]]
                following = [one["href"] for one in page["links"] if one["rel"] == "next"]
                if not following:
                    break
                page = client.get(following[0]).json()
        assert sorted(ids["world"]) == sorted(ids["archive"])
        assert len(set(ids["world"])) == len(ids["world"])
    chip = ids["world"][0] if ids["world"] else found(client)[0]
    assert client.get(f"/collections/world/items/{chip}").status_code == 200
    assert client.get("/collections/world").json()["id"] == "world"


def test_parts_and_models_are_opened_once(grouped, world):
    later = grouped.index("later")
    assert world.parts[1] is later
    assert world.index.snapshot.parts[1] is later.index.snapshot
    assert world.index.model is later.index.model
    assert world.index.embedder is later.index.embedder
    assert grouped.looked_at == [world.parts[0], grouped.index("archive"), later, world]


def test_names_of_parts(archive, shards, tmp_path):
    """A part is called as its folder, unless something else is called so."""
    other = tmp_path / "other" / "first"
    shutil.copytree(shards[0], other)
    settings = ServeSettings(
        indexes={"later": other},
        groups={"first": (shards[0], other), "both": (shards[1], shards[0])},
    )
    service = Service.of(settings)
    first, both = service.index("first"), service.index("both")
    assert [part.id for part in first.parts] == ["first-2", "later"]
    assert [part.id for part in both.parts] == ["later-2", "first-2"]
    assert both.parts[1] is first.parts[0]
    assert len(service.parts) == 2
    assert (first.state, first.version) == ("loading", 0)
    with pytest.raises(BusyError, match="the index first is still loading"):
        first.held()
    first.warm_up()
    assert first.state == "ready" or "is in two of its parts" in first.problem


# -- what is written -------------------------------------------------------------------------------


def test_what_is_written_to_a_part_is_seen(grouped, client, world, shards, add):
    first = world.version
    held = world.held()
    before = client.get("/v1/indexes/world/coverage")
    add(shards[1], 5)
    assert len(held.index) == 27
    refresh_all(grouped)
    assert len(world.index) == 36
    assert world.version > first
    assert (len(held.index), len(held.index.search("a road", k=50, overlap=None))) == (27, 27)
    assert summary(client)["chips"] == 36
    assert summary(client)["version"] == world.version
    assert len(client.get("/v1/indexes/world/sources").json()["sources"]) == 4
    after = client.get(
        "/v1/indexes/world/coverage", headers={"If-None-Match": before.headers["etag"]}
    )
    assert after.status_code == 200
    Index.remove(shards[0], ["*scene0*"])
    second = world.version
    refresh_all(grouped)
    assert len(world.index) == 27
    assert world.version > second
    assert world.refresh() is False, "nothing is new"


def test_a_kept_list_of_an_older_version_is_gone(grouped, client, shards, add):
    first = client.post("/v1/indexes/world/search", json={"text": "a road", "k": 5}).json()
    add(shards[0], 6)
    refresh_all(grouped)
    again = client.post("/v1/indexes/world/search", json={"text": "a road", "k": 5}).json()
    assert again["version"] > first["version"]
    assert again["query_id"] != first["query_id"]


def test_a_part_that_is_built_anew(grouped, client, world, shards, write_scenes, build_index):
    """Its versions begin anew; those of the group rise."""
    versions = [world.version]
    write_scenes(shards[0].parent / "others", 2, first=7)
    shutil.rmtree(shards[0])
    refresh_all(grouped)
    assert world.state == "failed"
    assert IS_GONE in world.problem
    build_index(shards[0].parent / "others", directory=shards[0])
    refresh_all(grouped)
    assert world.state == "ready"
    versions.append(world.version)
    assert versions[1] > versions[0]
    names = {one["name"] for one in client.get("/v1/indexes/world/sources").json()["sources"]}
    assert {name[:6] for name in names} == {"scene2", "scene7", "scene8"}


# -- a part that is damaged ------------------------------------------------------------------------


def test_a_damaged_part_is_the_groups_503_until_it_is_whole(grouped, client, world, shards):
    part = world.parts[0]
    part._doubts._clock = Clock()
    aside = shards[0].with_name("aside")
    shutil.copytree(shards[0] / "tables", aside)
    garbage(shards[0])
    for _ in range(2):
        # Before it is looked at, and after.
        answer = client.post("/v1/indexes/world/search", json=SEARCH)
        assert answer.status_code == 503
        assert "the index first" in answer.json()["detail"] or "part first" in answer.text
        assert str(shards[0].parent) not in answer.text
        for name in ("archive", "later"):
            assert found(client, name)
        for address in ("/v1/indexes", "/collections", "/", "/v1/searches", "/search?limit=3"):
            assert client.get(address).status_code == 200, address
        refresh_all(grouped)
    told = summary(client)
    assert told["state"] == "failed"
    assert told["problem"] == f"its part first cannot be searched: {CANNOT_BE_READ}"
    assert [part["state"] for part in told["parts"]] == ["failed", "ready"]
    assert "world is failed" in client.get("/readyz").json()["detail"]
    shutil.rmtree(shards[0] / "tables")
    shutil.copytree(aside, shards[0] / "tables")
    part._doubts._clock.now += 60
    version = world.version
    refresh_all(grouped)
    assert (summary(client)["state"], summary(client)["problem"]) == ("ready", "")
    assert world.version >= version
    assert len(found(client)) == 5


def test_a_part_that_is_as_before_is_named(grouped, client, world, shards):
    for file in (chips_of(shards[1]) / "_versions").iterdir():
        file.write_bytes(b"x" * 40)
    refresh_all(grouped)
    refresh_all(grouped)
    assert found(client)
    told = summary(client)
    assert (told["state"], told["problem"]) == ("ready", f"its part later: {IS_AS_BEFORE}")


def test_a_part_that_is_gone(grouped, client, world, shards):
    shutil.move(shards[0], shards[0].with_name("away"))
    answer = client.post("/v1/indexes/world/search", json=SEARCH)
    assert answer.status_code == 503
    assert "the index world needs all of its parts: the index first" in answer.json()["detail"]
    assert not world.is_there
    assert found(client, "later")
    refresh_all(grouped)
    assert world.problem == f"its part first cannot be searched: {IS_GONE}"
    shutil.move(shards[0].with_name("away"), shards[0])
    refresh_all(grouped)
    assert world.state == "ready"
    assert found(client)


def test_a_part_of_another_model(grouped, client, world, shards, model):
    """All of them are embedded again, one after the other."""
    version = world.version
    Index.reembed(shards[0], model[1], tiles=2, num_workers=0)
    assert client.post("/v1/indexes/world/search", json=SEARCH).status_code == 503
    refresh_all(grouped)
    assert (world.state, world.problem) == ("failed", OF_SEVERAL_MODELS)
    assert found(client, "later")
    Index.reembed(shards[1], model[1], tiles=2, num_workers=0)
    refresh_all(grouped)
    assert (world.state, world.problem) == ("ready", "")
    assert len(found(client)) == 5
    assert world.version > version


def test_a_part_that_is_replaced_between_two_looks(grouped, world, shards, model):
    Index.reembed(shards[1], model[1], tiles=2, num_workers=0)
    assert grouped.index("later").refresh()
    with pytest.raises(BusyError, match="was embedded again"):
        world.held()


# -- what does not fit -----------------------------------------------------------------------------


def test_a_scene_in_two_parts(archive, shards):
    service = Service.of(ServeSettings(indexes={}, groups={"all": (archive, shards[0])}))
    group = service.index("all")
    group.warm_up()
    assert group.state == "failed"
    assert "is in two of its parts, index and first; take it out" in group.problem
    assert group.problem.startswith("the scene scene0_20100601.tif ")
    assert str(archive.parent) not in group.problem
    Index.remove(archive, ["*scene0*", "*scene1*"])
    refresh_all(service)
    assert (group.state, group.problem) == ("ready", "")
    assert len(group.index) == 27


def test_a_scene_that_comes_into_a_second_part(grouped, client, world, shards, build_index):
    """What was there before is searched, until it is taken out of one."""
    before = world.version
    scene = next(iter(world.parts[0].index.store.sources()))
    build_index(scene, directory=shards[1])
    refresh_all(grouped)
    assert world.state == "ready"
    assert "is in two of its parts, first and later" in world.problem
    assert world.problem.endswith(AS_BEFORE)
    assert world.version == before
    assert len(found(client, k=50, overlap=None)) == 27
    assert len(grouped.index("later").index) == 18
    refresh_all(grouped)
    assert world.problem.endswith(AS_BEFORE)
    Index.remove(shards[1], [scene])
    refresh_all(grouped)
    assert (world.state, world.problem) == ("ready", "")
    assert world.version > before


def test_whatever_else_goes_wrong_is_told(grouped, world, monkeypatch, caplog, shards, add):
    def fail(*_):
        raise KeyError("somewhere/secret")

    monkeypatch.setattr("harma.serve.group.find_double", fail)
    add(shards[0], 6)
    refresh_all(grouped)
    assert (world.state, world.problem) == ("ready", f"{DO_NOT_FIT}; {AS_BEFORE}")
    assert len(world.index) == 27
    assert "somewhere/secret" in caplog.text
    assert isinstance(world, ServedGroup)
