"""Hits as a list, and as a notebook shows them."""

import base64
import copy
import html
import io
import json
import pickle
import re
from html.parser import HTMLParser

import pytest
from PIL import Image
from tests.exchange.made import hit

from harma import Index
from harma.index.expansion import Expansion
from harma.index.hit_list import MOST_ROWS, HitList
from harma.index.hits import Hit, as_json

BAD = '"><script>alert(1)</script>'


def text_of(page):
    return " ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())


@pytest.fixture
def hits(archive):
    return Index.open(archive).search("a road", k=6)


# -- a list ----------------------------------------------------------------------------------------


def test_hits_are_a_list(hits):
    assert isinstance(hits, list)
    assert len(hits) == 6
    assert isinstance(hits[0], Hit)
    assert hits == list(hits)
    assert [found.id for found in reversed(hits)] == [found.id for found in hits][::-1]
    assert sorted(hits, key=lambda found: found.score) == hits[::-1]
    hits.sort(key=lambda found: found.id)
    assert json.loads(as_json(hits))[0]["id"] == hits[0].id
    assert (hits + hits)[6] == hits[0]


def test_what_joined_the_text_goes_with_the_list(hits):
    (told,) = hits.expanded
    assert told.terms == ("road",)
    for part in (hits[1:3], hits.copy(), pickle.loads(pickle.dumps(hits)), copy.copy(hits)):
        assert part.expanded == [told]
    assert HitList(hits).expanded == []
    assert f"Joined {told}." in html.unescape(text_of(hits._repr_html_()))
    assert "Joined" not in HitList(hits)._repr_html_()


def test_what_joined_the_text_is_no_markup(hits):
    told = Expansion(BAD, ("a",), 1, (BAD,), 0)
    assert "<script>" not in HitList(hits, expanded=[told])._repr_html_()


def test_parts_and_copies_keep_their_pictures(hits):
    for part in (hits[1:3], hits[::2], hits.copy()):
        assert isinstance(part, HitList)
        assert part.store is hits.store
    assert hits[1:3] == list(hits)[1:3]


def test_hits_can_be_pickled(hits):
    for other in (pickle.loads(pickle.dumps(hits)), copy.deepcopy(hits)):
        assert other == hits
        page = other._repr_html_()
        assert "search again to see pictures" in page
        assert "<img" not in page


# -- a page ----------------------------------------------------------------------------------------


def test_a_notebook_shows_pictures_standings_dates_places_and_maps(hits):
    page = hits._repr_html_()
    text = text_of(page)
    assert "6 hits" in text
    assert page.count("<img") == 6
    assert page.count("<svg") == 2
    for found in hits:
        for said in (found.value_text, found.standing, found.date_text, found.place_text):
            assert said in text
        assert f"{found.source_name} {found.id}" in text
    encoded = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    image = Image.open(io.BytesIO(base64.b64decode(encoded[0])))
    assert max(image.size) <= 96
    # No request, no script, no path of this machine.
    without = re.sub(r"base64,[^\"]+", "", page)
    assert not re.search(r"https?:|//|@import|url\(|<link|<script|src=\"(?!data:)", without)
    assert hits[0].source not in page


def test_it_is_well_formed(hits):
    class Checker(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open = []

        def handle_starttag(self, tag, attrs):
            if tag not in ("img", "br"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    checker = Checker()
    checker.feed(hits._repr_html_())
    assert checker.open == []


def test_of_a_change_both_pictures_stand_side_by_side(archive):
    found = Index.open(archive).search("a road", k=3)
    pair = HitList([hit(id=found[0].id, then=found[1])], found.store)
    page = pair._repr_html_()
    assert page.count("<img") == 2
    assert page.count("<figcaption>") == 2
    assert "gain" in text_of(page)
    assert f"{pair[0].change:+.3f}" in page


def test_hostile_text_stays_text():
    page = HitList([hit(source=f"/data/{BAD}", id=BAD, standing=BAD)])._repr_html_()
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_a_long_list_is_cut_with_a_word():
    many = HitList([hit(id=str(number)) for number in range(MOST_ROWS + 7)])
    page = many._repr_html_()
    assert page.count("<code>") == MOST_ROWS
    assert f"The first {MOST_ROWS} of {MOST_ROWS + 7}" in page
    assert "57 hits" in text_of(page)


def test_nothing_and_hits_without_a_place(archive):
    assert "Nothing matches." in HitList()._repr_html_()
    page = HitList([hit(geometry=None, datetime=None, standing="")])._repr_html_()
    assert "<svg" not in page
    assert "1 hit<" in page


def test_what_has_no_thumbnail_is_read_from_its_scene(hits, monkeypatch):
    monkeypatch.setattr(
        "harma.index.pictures.thumbnails_of", lambda store, chips: dict.fromkeys(chips, b"")
    )
    assert hits[:2]._repr_html_().count("<img") == 2


def test_an_index_that_is_gone_leaves_the_figures(hits, archive, monkeypatch):
    def broken(store, chips):
        raise OSError("gone")

    monkeypatch.setattr("harma.index.pictures.thumbnails_of", broken)
    page = hits._repr_html_()
    assert "The index has changed since" in page
    assert hits[0].value_text in page
    assert "<img" not in page


def test_a_search_by_marks_shows_itself_too(archive):
    index = Index.open(archive)
    first = index.search("a road", k=2)
    from harma import Chip

    again = index.search("a road", like=[Chip(first[0].id)], unlike=[Chip(first[1].id)], k=4)
    assert isinstance(again, HitList)
    assert again._repr_html_().count("<img") == 4
