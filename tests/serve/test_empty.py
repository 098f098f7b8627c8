"""An empty answer says which condition admits nothing."""

import pytest

from harma.index.ask import Where
from harma.index.index import Index
from harma.serve.empty import why_empty


@pytest.fixture
def index(service):
    return service.index("archive").index


ELSEWHERE = [100.0, 10.0, 101.0, 11.0]
HERE = [2.0, 45.0, 4.0, 46.0]


@pytest.mark.parametrize(
    ("where", "reason", "advice"),
    [
        (Where(bbox=ELSEWHERE), "Nothing is indexed in this area.", "coverage"),
        (Where(near=[0, 0], radius_km=5), "Nothing is indexed in this area.", "coverage"),
        (Where(bbox=ELSEWHERE, date=["1990", "1991"]), "Nothing is indexed in this area.", "cov"),
        (
            Where(date=["1990", "1991"]),
            "No scene was taken in this time.",
            "from 2010-06-01 to 2012-06-01",
        ),
        (Where(bbox=HERE, date=["1990", "1991"]), "No scene was taken in this time.", "2010-06-01"),
        (Where(source="nothing"), "The scenes that were asked for have no chips", "other scenes"),
        (
            # The first scene lies west of the third.
            Where(bbox=[2.9999, 45.0, 3.0001, 46.0], date=["2012", None]),
            "There are chips of the area and dates that were asked for, but none of all",
            "Leave one of them out.",
        ),
    ],
)
def test_reasons(index, where, reason, advice):
    said = why_empty(index, where)
    assert reason in said["reason"]
    assert advice in said["advice"]


def test_where_nothing_was_said(index):
    assert why_empty(index, Where())["reason"] == "No chip matches."


def test_an_index_without_places_and_dates(build_index, tmp_path):
    from PIL import Image

    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (64, 64), (9, 99, 9)).save(tmp_path / "pictures" / "a.png")
    build_index(tmp_path / "pictures", directory=tmp_path / "plain")
    index = Index.open(tmp_path / "plain")
    assert "No scene of this index has a place" in why_empty(index, Where(bbox=HERE))["reason"]
    said = why_empty(index, Where(date=["2010", None]))
    assert said["reason"] == "No scene of this index has a date."


def test_an_index_without_chips(archive):
    Index.remove(archive, ["*"])
    assert why_empty(Index.open(archive), Where())["reason"] == "The index holds no chips."
