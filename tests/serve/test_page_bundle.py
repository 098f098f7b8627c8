"""The files of the map page: complete, small, and fit for a strict content security policy."""

import gzip
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

PAGE = files("harma.serve").joinpath("page")
# As the issue asks; the land is loaded apart, after the page has started.
MOST_GZIPPED = 150_000
NAMES = {"index.html", "harma.js", "harma.css", "icon.svg", "land-50m.json", "NOTICES.txt"}


class _Elements(HTMLParser):
    """Collects the start tags of a page, and the text of its scripts."""

    def __init__(self):
        super().__init__()
        self.tags = []
        self.script_text = ""
        self._in_script = False

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_data(self, data):
        if self._in_script:
            self.script_text += data.strip()

    def handle_endtag(self, tag):
        self._in_script = False


@pytest.fixture(scope="module")
def elements():
    parser = _Elements()
    parser.feed(PAGE.joinpath("index.html").read_text("utf-8"))
    return parser


def _addresses(tags):
    return [value for _, attrs in tags for name in ("src", "href") if (value := attrs.get(name))]


def test_page_has_all_its_files():
    assert {entry.name for entry in PAGE.iterdir()} == NAMES


def test_page_is_small():
    size = sum(
        len(gzip.compress(PAGE.joinpath(name).read_bytes(), 9))
        for name in ("harma.js", "harma.css")
    )
    assert size <= MOST_GZIPPED


def test_page_has_nothing_inline(elements):
    assert elements.script_text == ""
    for tag, attrs in elements.tags:
        assert tag != "style"
        assert not {name for name in attrs if name == "style" or name.startswith("on")}


def test_addresses_of_the_page_are_relative_and_there(elements):
    for address in _addresses(elements.tags):
        if address.startswith("#"):
            continue
        folder, _, name = address.partition("/")
        assert folder == "assets"
        assert name in NAMES


def test_style_sheet_loads_nothing():
    assert not re.search(r"@import|url\(", PAGE.joinpath("harma.css").read_text("utf-8"))


def test_bundle_makes_no_code_from_strings():
    script = PAGE.joinpath("harma.js").read_text("utf-8")
    assert not re.search(r"\beval\(|new Function\(", script)


def test_every_field_of_the_page_has_a_label(elements):
    labelled = {attrs.get("for") for tag, attrs in elements.tags if tag == "label"}
    for tag, attrs in elements.tags:
        if tag in ("input", "select") and attrs.get("type") != "radio":
            assert "aria-label" in attrs or attrs["id"] in labelled


def test_land_is_a_topology_of_land():
    land = json.loads(PAGE.joinpath("land-50m.json").read_bytes())
    assert land["type"] == "Topology"
    assert "land" in land["objects"]


@pytest.mark.parametrize("work", ["ol 10", "rbush", "world-atlas", "Natural Earth"])
def test_notices_name_what_the_page_holds(work):
    assert work in PAGE.joinpath("NOTICES.txt").read_text("utf-8")
