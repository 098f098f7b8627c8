"""Chips over HTTP: metadata, thumbnail, picture, relevance; every id altered is a 404."""

import io

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from harma.index.pictures import pictures_of
from harma.serve.answers import HitFeature, RelevanceMap


@pytest.fixture
def hit(service):
    return service.index("archive").index.search("a road", k=1)[0]


@pytest.fixture
def address(hit):
    return f"/v1/indexes/archive/chips/{hit.id}"


def test_metadata(client, address, hit):
    feature = client.get(address).json()
    TypeAdapter(HitFeature).validate_python(feature)
    assert feature["id"] == hit.id
    said = feature["properties"]
    assert "rank" not in said
    assert "score" not in said
    assert said["source_name"] == hit.source.rpartition("/")[2]
    assert (said["column"], said["row"]) == (hit.window.column, hit.window.row)


def test_a_thumbnail_is_kept_by_its_content(client, address):
    answer = client.get(f"{address}/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (32, 32)
    tag = answer.headers["etag"]
    for known in (tag, f'"x", {tag}', f"W/{tag}"):
        again = client.get(f"{address}/thumbnail", headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.headers["etag"] == tag
    other = client.get(f"{address}/thumbnail", headers={"If-None-Match": '"x"'})
    assert other.status_code == 200


def test_a_thumbnail_that_is_not_kept_is_made(client, address, tmp_path, monkeypatch):
    kept = np.asarray(Image.open(io.BytesIO(client.get(f"{address}/thumbnail").content)))
    monkeypatch.setattr(
        "harma.index.pictures.thumbnails_of", lambda _, chips: dict.fromkeys(chips, b"")
    )
    made = np.asarray(Image.open(io.BytesIO(client.get(f"{address}/thumbnail").content)))
    assert made.shape == kept.shape
    assert np.abs(made.astype(int) - kept).mean() < 4
    for scene in (tmp_path / "scenes").iterdir():
        scene.unlink()
    grey = client.get(f"{address}/thumbnail")
    assert grey.status_code == 200
    assert Image.open(io.BytesIO(grey.content)).size == (96, 96)


def test_the_picture_is_what_the_model_saw(client, address, service, hit):
    answer = client.get(f"{address}/image")
    assert answer.headers["content-type"] == "image/jpeg"
    sent = np.asarray(Image.open(io.BytesIO(answer.content)), dtype=float)
    seen = pictures_of(service.index("archive").index.store, [hit])[0].image
    # JPEG loses a little.
    assert np.abs(sent - np.asarray(seen, dtype=float)).mean() < 8
    assert (
        client.get(
            f"{address}/image", headers={"If-None-Match": answer.headers["etag"]}
        ).status_code
        == 304
    )


def test_a_scene_that_is_gone(client, address, tmp_path):
    for scene in (tmp_path / "scenes").iterdir():
        scene.unlink()
    answer = client.get(f"{address}/image")
    assert answer.status_code == 404
    assert "its thumbnail is there" in answer.json()["detail"]
    assert str(tmp_path) not in answer.text
    assert client.get(f"{address}/thumbnail").status_code == 200
    assert client.get(f"{address}/relevance", params={"text": "a road"}).status_code == 404


def test_relevance(client, address):
    found = client.get(f"{address}/relevance", params={"text": "a road"}).json()
    TypeAdapter(RelevanceMap).validate_python(found)
    values = np.array(found["values"])
    assert values.shape == (found["rows"], found["columns"]) == (8, 8)
    assert values.min() >= 0
    assert values.max() in (0, 1)
    if values.max() == 1:
        row, column = np.argwhere(values == 1)[0] + 1
        assert f"row {row} and column {column}" in found["sentence"]


@pytest.mark.parametrize("text", ["", " ", "a" * 501])
def test_texts_that_are_none(client, address, text):
    answer = client.get(f"{address}/relevance", params={"text": text})
    assert answer.status_code == 422


def test_every_id_altered_is_unknown(client, address, hit):
    altered = [hit.id[:at] + "x" + hit.id[at + 1 :] for at in range(len(hit.id))]
    altered += [
        "..%2f..",
        "%2e%2e%2fetc",
        "' OR '1'='1",
        "%00",
        "\u202e",
        "a" * 5000,
        "*",
        f"{hit.id} ",
    ]
    for chip in altered:
        for path in ("", "/thumbnail", "/image", "/relevance?text=a"):
            answer = client.get(f"/v1/indexes/archive/chips/{chip}{path}")
            assert answer.status_code == 404, (chip, path)
            assert answer.headers["content-type"] == "application/problem+json"
