"""Tools of assistants that read."""

import base64
import io
import json

import pytest
from PIL import Image
from tests.serve.assistant import caller

from harma import Index
from harma.serve import mcp_tools
from harma.serve.mcp import ASSISTANT_LIMITS


@pytest.fixture
def service(make_service):
    return make_service(limits=ASSISTANT_LIMITS)


@pytest.fixture
def call(service):
    return caller(service)


def test_indexes_are_listed(call):
    (index,) = call("list_indexes")["indexes"]
    assert index["id"] == "archive"
    assert index["chips"] == 27
    assert index["state"] == "ready"


def test_a_search_gives_what_python_gives(call, archive, model):
    answer = call("search", text="a road", k=5)
    hits = Index.open(archive, model=model[0]).search("a road", k=5)
    assert [row["chip"] for row in answer["hits"]] == [hit.id for hit in hits]
    assert answer["hits"][0] == {
        "rank": 1,
        "chip": hits[0].id,
        "score": round(hits[0].score, 3),
        "standing": hits[0].standing,
        "date": hits[0].date_text,
        "source": answer["hits"][0]["source"],
        "source_name": hits[0].source_name,
        "lon_lat": pytest.approx(list(hits[0].geometry.centroid.coords[0]), abs=1e-3),
    }
    assert len(call("search", text="a road")["hits"]) == 10


def test_chips_areas_dates_and_sources_narrow_a_search(call):
    first = call("search", text="a road")["hits"]
    like = call("search", like=[{"chip": first[3]["chip"], "weight": 2}], k=1)
    assert like["hits"][0]["chip"] == first[3]["chip"]
    of_source = call("search", text="a road", source=first[0]["source"], k=50)
    assert {row["source"] for row in of_source["hits"]} == {first[0]["source"]}
    nothing = call("search", text="a road", bbox=[-120, -40, -119, -39])
    assert nothing["hits"] == []
    assert nothing["reason"] == "Nothing is indexed in this area."
    assert nothing["advice"]


def test_a_chip_is_shown_as_a_picture_with_its_place(call):
    chip = call("search", text="a road", k=1)["hits"][0]["chip"]
    picture, about = call("show_chip", chip=chip, size=64, raw=True).content
    assert picture.type == "image"
    assert picture.mime_type == "image/jpeg"
    image = Image.open(io.BytesIO(base64.b64decode(picture.data)))
    assert max(image.size) <= 64
    (row,) = json.loads(about.text)["chips"]
    assert row["chip"] == chip
    assert "picture" not in row


def test_of_a_scene_that_is_gone_the_small_picture_is_shown(call, tmp_path):
    chip = call("search", text="a road", k=1)["hits"][0]["chip"]
    for scene in (tmp_path / "scenes").iterdir():
        scene.unlink()
    picture, about = call("show_chip", chip=chip, raw=True).content
    assert picture.type == "image"
    assert "the small one of the index" in about.text
    assert str(tmp_path) not in about.text


@pytest.mark.parametrize(
    ("tool", "values", "words"),
    [
        ("search", {}, "nothing to look for"),
        ("search", {"text": "a", "k": 51}, "k: 51 is greater than the maximum of 50"),
        ("search", {"text": "a" * 501}, "is too long"),
        ("search", {"text": "a", "path": "/etc/passwd"}, "'path' was unexpected"),
        ("search", {"text": "a", "where": "1 = 1"}, "'where' was unexpected"),
        ("search", {"like": ["/etc/passwd"]}, "like.0: '/etc/passwd' is not valid"),
        ("search", {"like": [{"upload": "x"}]}, "there is no uploaded picture"),
        ("search", {"like": [{"chip": "x"}]}, "there is no chip 'x'"),
        ("search", {"text": "a", "bbox": [0, 0, 1]}, "bbox"),
        ("search", {"text": "a", "index": "other"}, "there is no index 'other'; there are archive"),
        ("show_chip", {"chip": "../../etc/passwd"}, "there is no chip '../../etc/passwd'"),
        ("show_chip", {"chip": "x", "size": 100_000}, "greater than the maximum of 1024"),
        ("run_saved_search", {"search": "x"}, "there is no saved search 'x'"),
        ("list_events", {"search": "x"}, "there is no saved search 'x'"),
        ("remove_all", {}, "there is no tool 'remove_all'; there are list_indexes, search"),
    ],
)
def test_what_is_not_usable_is_told_in_words(call, tool, values, words):
    said = call(tool, **values)
    assert isinstance(said, str), "it was answered"
    assert words in said


def test_an_index_that_is_loading_is_waited_for(call, service, monkeypatch):
    service.indexes["archive"].state = "loading"
    monkeypatch.setattr(mcp_tools, "PATIENCE_S", 0.2)
    assert "still loading" in call("search", text="a road")


def test_of_several_indexes_one_must_be_named(call, service):
    service.indexes["other"] = service.indexes["archive"]
    assert call("search", text="a") == "there are several indexes; say which: archive, other"
    assert call("search", text="a", index="other", k=1)["hits"]
