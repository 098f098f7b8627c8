"""What is told of indexes: counts, bounds and dates, the name of the model without its place."""

import pytest
from pydantic import TypeAdapter

from harma.serve.answers import IndexList, IndexSummary


def test_a_summary(client, service, tmp_path):
    summary = client.get("/v1/indexes/archive").json()
    TypeAdapter(IndexSummary).validate_python(summary)
    info = service.index("archive").index.info()
    assert summary["chips"] == info["chips"] == 27
    assert summary["bounds"] == pytest.approx(info["bounds"])
    assert summary["dates"] == ["2010-06-01", "2012-06-01"]
    assert summary["model"] == "m"
    assert str(tmp_path) not in str(summary)
    listed = client.get("/v1/indexes").json()
    TypeAdapter(IndexList).validate_python(listed)
    assert listed == {"indexes": [summary]}


def test_one_that_is_not_there(client):
    for name in ("nothing", "archive%00", "Archive", "archive.", "%2e%2e"):
        answer = client.get(f"/v1/indexes/{name}")
        assert answer.status_code == 404
        assert "/v1/indexes" in answer.json()["detail"]


def test_without_places_and_dates(make_service, make_client, build_index, model, tmp_path):
    from PIL import Image

    from harma.serve.served import ServedIndex

    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (64, 64), (9, 99, 9)).save(tmp_path / "pictures" / "a.png")
    build_index(tmp_path / "pictures", directory=tmp_path / "plain")
    service = make_service()
    service.indexes["plain"] = ServedIndex("plain", tmp_path / "plain", model[0])
    service.indexes["plain"].warm_up()
    summary = make_client(service).get("/v1/indexes/plain").json()
    assert (summary["bounds"], summary["dates"]) == (None, None)
    assert (summary["placed"], summary["dated"]) == (0, 0)


def test_one_whose_model_is_unknown(make_service, make_client, archive, tmp_path):
    """Embeddings of another program: chips can be looked for, texts cannot."""
    from dataclasses import replace

    from harma.index.settings import FOREIGN, read_settings, write_settings
    from harma.index.store.tables import tables_name
    from harma.serve.served import ServedIndex

    settings = read_settings(archive)
    foreign = replace(settings, model="other/model-7", model_id=f"{FOREIGN}x")
    service = make_service()
    # Of each model an index has tables of its own.
    (archive / tables_name(settings)).rename(archive / tables_name(foreign))
    write_settings(archive, foreign)
    service.indexes = {"foreign": ServedIndex("foreign", archive)}
    service.indexes["foreign"].warm_up()
    client = make_client(service)
    summary = client.get("/v1/indexes/foreign").json()
    assert (summary["state"], summary["model"]) == ("ready", "model-7")
    answer = client.post("/v1/indexes/foreign/search", json={"text": "a road"})
    assert answer.status_code == 422
    assert "cannot load" in answer.json()["detail"]
    chip = next(iter(service.index("foreign").index.store.rows(["id"])["id"].to_pylist()))
    answer = client.post("/v1/indexes/foreign/search", json={"like": [{"chip": chip}]})
    assert answer.json()["features"][0]["id"] == chip
