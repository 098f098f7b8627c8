"""A served index: its states, what was written meanwhile, another model, sources by id."""

import json
import threading

import pytest
from PIL import Image

from harma.errors import BusyError, NotFoundError
from harma.index.index import Index
from harma.index.source_ids import source_id
from harma.serve.live import CANNOT_BE_OPENED, IS_AS_BEFORE
from harma.serve.models import Models
from harma.serve.served import ServedIndex
from harma.serve.upkeep import keep_up_to_date, refresh_all


def test_it_loads_and_is_ready(archive):
    served = ServedIndex("archive", archive, models=Models())
    assert (served.state, served.version) == ("loading", 0)
    with pytest.raises(BusyError, match="still loading"):
        _ = served.index
    assert not served.refresh()
    served.warm_up()
    assert served.state == "ready"
    assert len(served.index.search("a road", k=3)) == 3
    # What searches need is there.
    assert {"sample"} <= vars(served.index._snapshot).keys()


def test_indexes_of_one_model_share_it(archive):
    models = Models()
    served = [ServedIndex(name, archive, models=models) for name in ("a", "b")]
    for index in served:
        index.warm_up()
    assert served[0].index.model is served[1].index.model


def test_what_cannot_be_opened(tmp_path, caplog):
    served = ServedIndex("archive", tmp_path / "nothing")
    served.warm_up()
    assert served.state == "failed"
    assert served.problem == CANNOT_BE_OPENED
    assert str(tmp_path) not in served.problem
    assert "is no index" in caplog.text
    with pytest.raises(BusyError, match="cannot be searched"):
        _ = served.index


def test_scenes_that_are_added_are_found(service, client, write_scenes, build_index, tmp_path):
    before = client.get("/v1/indexes/archive").json()
    write_scenes(tmp_path / "scenes", 2, first=3)
    build_index(tmp_path / "scenes")
    assert client.get("/v1/indexes/archive").json() == before
    refresh_all(service)
    after = client.get("/v1/indexes/archive").json()
    assert (before["chips"], after["chips"]) == (27, 45)
    assert after["sources"] == 5
    assert after["version"] > before["version"]
    answer = client.post("/v1/indexes/archive/search", json={"text": "a road", "k": 45}).json()
    assert len(answer["features"]) == 45
    assert not service.index("archive").refresh()


def test_an_index_that_was_embedded_again_is_opened_anew(archive, model, tiny_config, tmp_path):
    import torch

    from harma.backbones import load_backbone

    served = ServedIndex("archive", archive, model[0])
    served.warm_up()
    old = served.index
    torch.manual_seed(7)
    load_backbone(tiny_config).save(tmp_path / "other")
    Index.reembed(archive, f"local-dir:{tmp_path / 'other'}", num_workers=0)
    # Its tables are gone: nobody searches them until the new ones are open.
    with pytest.raises(BusyError, match="was embedded again"):
        _ = served.index
    assert served.refresh()
    assert served.state == "ready"
    assert served.index is not old
    assert len(served.index.search("a road", k=3)) == 3
    assert served.index.store.settings.model_id != old.store.settings.model_id


def test_hits_of_before_an_index_was_embedded_again_are_not_given(client, service, archive, model):
    def asked():
        answer = client.post("/v1/indexes/archive/search", json={"text": "a road", "k": 5}).json()
        return [feature["properties"]["score"] for feature in answer["features"]]

    before = asked()
    Index.reembed(archive, model[1], tiles=2, num_workers=0)
    refresh_all(service)
    hits = Index.open(archive, model=model[0]).search("a road", k=5)
    assert asked() == pytest.approx([hit.score for hit in hits], abs=1e-5)
    assert asked() != before


def test_an_index_of_other_tiles_is_opened_anew(archive, model):
    served = ServedIndex("archive", archive, model[0])
    served.warm_up()
    old = served.index
    Index.reembed(archive, model[1], tiles=2, num_workers=0)
    with pytest.raises(BusyError, match="was embedded again"):
        _ = served.index
    assert served.refresh()
    assert served.index.store.settings.tiles == 2
    assert old.store.settings.tiles == 1
    assert served.facts()["tiles"] == 2
    picture = Image.new("RGB", (32, 32), (90, 120, 60))
    assert len(served.index.search(image=picture, k=3)) == 3


def test_what_cannot_be_looked_at_is_served_as_it_was(service, archive, caplog):
    settings = archive / "index.json"
    whole = settings.read_text()
    settings.write_text("{")
    refresh_all(service)
    assert "cannot be opened again" in caplog.text
    assert service.index("archive").problem == IS_AS_BEFORE
    assert len(service.index("archive").index.search("a road", k=3)) == 3
    settings.write_text(whole)
    assert json.loads(whole)["format"] == "harma-index"


def test_sources_by_their_ids(service, archive):
    served = service.index("archive")
    names = sorted(served.records())
    assert len(names) == 3
    for name in names:
        assert served.source_name(source_id(name)) == name
    for other in ("", names[0], "*", source_id("elsewhere")):
        with pytest.raises(NotFoundError, match="no source"):
            served.source_name(other)


def test_chips_by_their_ids(service):
    served = service.index("archive")
    hit = served.index.search("a road", k=1)[0]
    chip = served.chip(hit.id)
    assert (chip.source, chip.window, chip.standing) == (hit.source, hit.window, "")
    assert served.thumbnail(hit.id).startswith(b"\xff\xd8")
    for other in ("", "x", "' OR '1'='1", "\0", "\n"):
        with pytest.raises(NotFoundError, match="no chip"):
            served.chip(other)


def test_it_is_kept_up_to_date_until_the_server_ends(make_service, monkeypatch):
    service = make_service()
    is_ended = threading.Event()
    looks = []

    def look(index):
        looks.append(index.id)
        if len(looks) == 3:
            is_ended.set()

    monkeypatch.setattr(ServedIndex, "refresh", look)
    keep_up_to_date(service, is_ended, interval_s=0.001)
    assert looks == ["archive"] * 3


def test_its_saved_searches_are_opened_once(archive):
    served = ServedIndex("archive", archive)
    opened = []
    threads = [threading.Thread(target=lambda: opened.append(served.searches)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(book) for book in opened}) == 1
    served.close()
    assert served.searches is not opened[0]
    served.close()


def test_an_index_that_is_gone_takes_nothing_and_is_opened_when_it_is_back(
    client, service, archive, tmp_path
):
    body = {"index": "archive", "name": "roofs", "asked": {"text": "a roof"}}
    search = client.post("/v1/searches", json=body).json()["id"]
    chip = client.post("/v1/indexes/archive/search", json={"text": "a", "k": 1}).json()
    marks = {"marks": [{"chip": chip["features"][0]["id"], "mark": "good"}]}
    archive.rename(tmp_path / "away")
    for look in (lambda: None, lambda: refresh_all(service)):
        look()
        answers = [
            client.post("/v1/indexes/archive/search", json={"text": "b"}),
            client.post("/v1/searches", json=body),
            client.put(f"/v1/searches/{search}/marks", json=marks),
            client.get("/collections/archive/items"),
        ]
        assert [answer.status_code for answer in answers] == [503] * 4
        assert client.get("/v1/searches").json() == {"searches": [], "unread": ["archive"]}
        assert client.get("/collections").status_code == 200
    assert client.get("/readyz").status_code == 503
    (tmp_path / "away").rename(archive)
    refresh_all(service)
    assert client.get("/readyz").status_code == 200
    assert client.put(f"/v1/searches/{search}/marks", json=marks).status_code == 200


def test_saved_searches_of_an_index_that_was_built_again(client, archive):
    """A removed file takes marks still: they would be gone when the server ends."""
    body = {"index": "archive", "name": "roofs", "asked": {"text": "a roof"}}
    client.post("/v1/searches", json=body)
    for file in archive.glob("searches.sqlite*"):
        file.unlink()
    assert client.post("/v1/searches", json=body).status_code == 201
    assert (archive / "searches.sqlite").is_file()
    assert len(client.get("/v1/searches").json()["searches"]) == 1


def test_what_nobody_thought_of_does_not_leave_it_loading(archive, monkeypatch):
    served = ServedIndex("archive", archive, models=Models())
    monkeypatch.setattr(served, "_opened", lambda: 1 / 0)
    served.warm_up()
    assert (served.state, served.problem) == ("failed", CANNOT_BE_OPENED)
