"""Atom feeds: valid XML and RFC 4287 whatever names hold, read by GDAL."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pyogrio
import pytest
import shapely
from tests.searches.made_events import event

from harma.searches.feeds import ATOM, GEORSS, FeedAbout, atom, data_address

HOSTILE = "a\x00b\x1b]]>\"'<script>&amp;\ufffe\ud800é\u202e.tif"
WHEN = datetime(2026, 11, 26, 16, 0, tzinfo=UTC)


def feed(**values):
    usual = {
        "search": "s1",
        "title": "harbours",
        "updated": WHEN,
        "own": "https://example.org/harma/v1/searches/s1/feed.atom",
        "page": "https://example.org/harma/?search=s1",
        "page_of": lambda one: f"https://example.org/harma/?search=s1&event={one.number}",
        "thumbnail_of": lambda one: f"https://example.org/thumbnail/{one.number}",
    }
    return FeedAbout(**{**usual, **values})


def parsed(made, events):
    return ET.fromstring(atom(made, events))


def texts(element, name):
    return [one.text for one in element.findall(f"{{{ATOM}}}{name}")]


def links(element):
    return {one.get("rel"): one.get("href") for one in element.findall(f"{{{ATOM}}}link")}


def test_a_feed_has_what_rfc_4287_asks_for():
    root = parsed(feed(), [event(2), event(1)])
    assert root.tag == f"{{{ATOM}}}feed"
    assert texts(root, "title") == ["harbours"]
    assert texts(root, "updated") == ["2026-11-26T16:00:00Z"]
    assert texts(root, "id")[0].startswith("urn:uuid:")
    assert root.find(f"{{{ATOM}}}author/{{{ATOM}}}name").text == "HarMA"
    assert links(root) == {
        "self": "https://example.org/harma/v1/searches/s1/feed.atom",
        "alternate": "https://example.org/harma/?search=s1",
    }
    entries = root.findall(f"{{{ATOM}}}entry")
    assert [texts(entry, "id")[0][-1] for entry in entries] == ["2", "1"]
    for entry in entries:
        for name in ("id", "title", "updated", "published", "summary", "content"):
            assert len(texts(entry, name)) == 1
    assert texts(entries[0], "title") == ["harbours: a_20200102.tif, 2020-01-02"]
    assert texts(entries[0], "summary") == ["a_20200102.tif, taken 2020-01-02: clear, score 0.750"]
    assert links(entries[0]) == {
        "alternate": "https://example.org/harma/?search=s1&event=2",
        "enclosure": "https://example.org/thumbnail/2",
    }
    assert b"secret" not in atom(feed(), [event()])


def test_the_id_of_a_feed_stays():
    assert texts(parsed(feed(), []), "id") == texts(parsed(feed(title="other"), [event()]), "id")
    assert texts(parsed(feed(), []), "id") != texts(parsed(feed(search="s2"), []), "id")


def test_a_change_is_told_by_its_gain():
    root = parsed(feed(), [event(gain=0.31, taken=None, taken_end=None)])
    entry = root.find(f"{{{ATOM}}}entry")
    assert texts(entry, "summary") == ["a_20200102.tif, no date known: clear, gain +0.310"]


@pytest.mark.parametrize("name", [HOSTILE, "", "]]>", "<a href='javascript:x'>"])
def test_names_can_hold_anything(name):
    root = parsed(feed(title=name), [event(source=f"/secret/{name}")])
    entry = root.find(f"{{{ATOM}}}entry")
    # Of HTML nothing but what is ours: a reader shows names as they are.
    content = texts(entry, "content")[0]
    inside = ET.fromstring(f"<div>{content.replace('&#x27;', chr(39))}</div>")
    assert [one.tag for one in inside.iter()] == ["div", "img", "p"]
    assert entry.find(f"{{{ATOM}}}content").get("type") == "html"


def test_gdal_reads_a_feed(tmp_path):
    events = [event(n, source=f"/secret/{n}{HOSTILE}") for n in range(1, 6)]
    events.append(event(6, geometry=None))
    events.append(event(7, geometry=shapely.to_wkb(shapely.Point(5, 50))))
    file = tmp_path / "feed.atom"
    file.write_bytes(atom(feed(title=HOSTILE), events))
    info = pyogrio.read_info(file)
    assert info["driver"] == "GeoRSS"
    read = pyogrio.read_dataframe(file)
    assert len(read) == 7
    assert read.geometry[0].equals_exact(shapely.box(4, 52, 4.1, 52.2), 1e-6, normalize=True)
    assert read.geometry[5] is None
    assert read.geometry[6].equals(shapely.Point(5, 50))


def test_a_footprint_over_the_180th_meridian_is_its_larger_part():
    parts = shapely.MultiPolygon([shapely.box(179, 0, 180, 1), shapely.box(-180, 0, -179.9, 1)])
    entry = parsed(feed(), [event(geometry=shapely.to_wkb(parts))]).find(f"{{{ATOM}}}entry")
    polygons = entry.findall(f"{{{GEORSS}}}polygon")
    assert len(polygons) == 1
    numbers = [float(number) for number in polygons[0].text.split()]
    assert numbers[:2] == numbers[-2:]
    assert set(numbers[1::2]) == {179.0, 180.0}


def test_a_feed_without_a_server_holds_its_thumbnails():
    made = feed(own="", page="", page_of=lambda _: "", thumbnail_of=lambda _: data_address(b"jpeg"))
    root = parsed(made, [event()])
    assert links(root) == {}
    entry = root.find(f"{{{ATOM}}}entry")
    assert links(entry) == {}
    assert 'src="data:image/jpeg;base64,anBlZw=="' in texts(entry, "content")[0]
    assert data_address(None) == ""
