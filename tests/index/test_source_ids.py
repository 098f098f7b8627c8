"""Ids and titles of sources: the same everywhere, and without folders."""

import pytest

from harma.index.source_ids import ID_LENGTH, shown_name, source_id, source_title, sources_by_id


def test_an_id_is_of_the_name_alone():
    # It must stay: saved searches and links hold ids.
    assert source_id("/srv/a.tif") == "8f8dbcdc7a58d8a5"
    names = [f"/srv/{number}.tif" for number in range(10_000)]
    assert len({source_id(name) for name in names}) == len(names)
    assert all(len(source_id(name)) == ID_LENGTH for name in names[:10])
    assert "srv" not in source_id("/srv/a.tif")


def test_names_that_are_no_utf_8():
    assert source_id("/srv/\udcff.tif") != source_id("/srv/\udcfe.tif")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("/srv/scenes/a.tif", "a.tif"),
        ("C:\\scenes\\a.tif", "a.tif"),
        ("s3://bucket/key/a.tif", "a.tif"),
        ("/srv/products/S2A.SAFE/", "S2A.SAFE"),
        ("a.tif", "a.tif"),
        ("/", "/"),
    ],
)
def test_titles(name, title):
    assert source_title(name) == title


def test_names_by_id():
    names = ["/srv/a.tif", "/srv/b.tif"]
    assert sources_by_id(names) == {source_id(name): name for name in names}


def test_odd_names_can_be_sent():
    assert shown_name("/srv/\udcff<script>.tif") == "\\udcff<script>.tif"
