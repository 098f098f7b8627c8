"""Searches at a live STAC API: a small one on loopback."""

import json
import logging

import pytest
from tests.servers import FolderServer

from harma.errors import ConfigError, DataError
from harma.scenes.sources import find_sources

CONFORMS = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/item-search",
]


class Service(FolderServer):
    """A STAC API of some items, two to a page."""

    def __init__(self, folder, items):
        self.items = items
        super().__init__(folder, answers={"/v1": self._root, "/v1/search": self._search})

    def _root(self, _):
        href = f"{self.base}/v1/search"
        search = {"rel": "search", "href": href, "type": "application/geo+json"}
        root = {
            "type": "Catalog",
            "id": "root",
            "description": "a service",
            "stac_version": "1.0.0",
            "conformsTo": CONFORMS,
            "links": [search],
        }
        return 200, json.dumps(root)

    def _search(self, asked):
        start = int(asked.get("start", 0))
        found = [made for made in self.items if made.collection_id in asked["collections"]]
        page = {
            "type": "FeatureCollection",
            "features": [made.to_dict() for made in found[start : start + 2]],
            "links": [],
        }
        if start + 2 < len(found):
            further = f"{self.base}/v1/search?collections=naip&start={start + 2}"
            page["links"] = [{"rel": "next", "href": further}]
        return 200, json.dumps(page)


@pytest.fixture
def service(tmp_path, item):
    pytest.importorskip("pystac_client")
    items = []
    for number in range(7):
        made = item(f"i{number}", {"visual": (f"https://x.org/{number}.tif?sig=secret", {})})
        made.collection_id = "naip" if number < 5 else "other"
        items.append(made)
    service = Service(tmp_path, items)
    yield service
    service.close()


def test_all_pages_of_a_search(service):
    sources = find_sources([f"stac+{service.base}/v1?collections=naip&bbox=1,2,3,4&datetime=2021"])
    assert [source.name for source in sources] == [f"https://x.org/{n}.tif" for n in range(5)]
    assert {source.sensor for source in sources} == {"naip"}
    first = next(said for path, said in service.requests if path == "/v1/search")
    assert first["collections"] == "naip"
    assert first["bbox"] == "1.0,2.0,3.0,4.0"
    assert first["datetime"].startswith("2021-01-01")


def test_a_search_ends_where_it_is_told_to_and_says_so(service, caplog):
    with caplog.at_level(logging.WARNING):
        sources = find_sources(
            [f"stac+{service.base}/v1/search?collections=naip&max_items=3&token=secret"]
        )
    assert len(sources) == 3
    assert "the first 3 items; there may be more (max_items)" in caplog.text
    assert "secret" not in caplog.text
    # What is none of ours is handed on.
    assert all(asked.get("token") == "secret" for path, asked in service.requests if path == "/v1")


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("bbox=1,2,3", "bbox has 3 numbers; give west,south,east,north"),
        ("bbox=a,b,c,d", "bbox is 'a,b,c,d'; give west,south,east,north"),
        ("max_items=none", "max_items is 'none'; give a number of items, 1 or more"),
        ("limit=0", "limit is '0'"),
    ],
)
def test_parameters_that_cannot_be_used(service, asked, problem):
    with pytest.raises(ConfigError, match=problem):
        find_sources([f"stac+{service.base}/v1?collections=naip&{asked}"])


def test_a_search_that_finds_nothing_and_a_service_that_is_none(service):
    with pytest.raises(DataError, match="holds no items"):
        find_sources([f"stac+{service.base}/v1?collections=none"])
    with pytest.raises(DataError, match=r"the STAC service http://.*/v2 does not answer"):
        find_sources([f"stac+{service.base}/v2?collections=naip&sig=secret"])
