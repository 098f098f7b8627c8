"""A person's whole way through the map page in a browser: search, mark, save, watch, export."""

import json

import pytest
from tests.serve.page_server import ARGUMENTS, SUB_PATH, axe_script, browser_path, page_server

from harma.serve.app import make_app
from harma.serve.keys import make_key
from harma.serve.upkeep import refresh_all

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser_path() is None, reason="needs Chromium"),
]
ROW = "#hits .hit:not(.ghost)"
CHOSEN = f"{ROW}.is-chosen"
PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
PLAIN_FAULTS = ("serious", "critical")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def service(make_service):
    """The server of the archive, behind a proxy that has it under a sub-path."""
    return make_service(root_path=SUB_PATH)


@pytest.fixture
def served(service):
    with page_server(make_app(service)) as address:
        yield address


class Visit:
    """A page of a browser, and what it did that it should not have done."""

    def __init__(self, browser, address, *, is_ready=True, answers=(), **options):
        self.context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        self.context.set_default_timeout(15_000)
        self.address = address
        self.faults = []
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._request)
        for pattern, answer in answers:
            self.page.route(pattern, answer)
        self.page.goto(address)
        if is_ready:
            self.wait()

    def open(self, address):
        self.page.goto("about:blank")
        self.page.goto(address)
        self.wait()

    def wait(self):
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def _request(self, request):
        own = request.url.startswith((self.address, "data:", "blob:", "about:"))
        if not own:
            self.faults.append(f"outside: {request.url}")

    def search(self, text):
        self.page.keyboard.press("/")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(ROW)
        # Keys are letters as long as the text has the focus.
        self.page.keyboard.press("Tab")

    def keys(self, keys):
        for key in keys:
            self.page.keyboard.press(key)

    def rows(self):
        return self.page.locator(ROW)

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)


@pytest.fixture
def visit(browser, served):
    visits = []

    def start(**options):
        visits.append(Visit(browser, served, **options))
        return visits[-1]

    yield start
    for one in visits:
        assert one.faults == []
        one.context.close()


def _marks(visit, search):
    answer = visit.context.request.get(f"{visit.address}v1/searches/{search}/marks")
    return {f["id"]: f["properties"]["mark"] for f in answer.json()["features"]}


def _search_of(page):
    return page.url.split("search=")[1].split("&")[0]


def test_whole_way_by_keyboard_alone(visit, archive, build_index, write_scenes, tmp_path, service):
    way = visit()
    page = way.page
    way.search("houses beside a road")
    assert way.rows().count() > 5

    # Look at hits, mark 3 good and 2 bad, take one back and mark it again.
    way.keys(["j", "g", "j", "g", "j", "g", "j", "b", "j", "b", "u", "b"])
    page.wait_for_selector("#card:not([hidden]) img")
    again = page.get_by_role("button", name="Search again: 3 good, 2 bad")
    again.wait_for()
    page.wait_for_url("**search=*")
    search = _search_of(page)
    page.wait_for_timeout(300)
    assert sorted(_marks(way, search).values()) == ["bad", "bad", "good", "good", "good"]

    way.keys(["a"])
    page.wait_for_url("**how=again*")
    page.wait_for_selector(ROW)

    # Save it under a name, and open it anew by its link.
    way.keys(["s"])
    page.get_by_label("Name").fill("Houses by roads")
    way.keys(["Enter"])
    page.get_by_role("heading", name="Houses by roads").wait_for()
    link = page.url
    way.open(link)
    page.get_by_role("heading", name="Houses by roads").wait_for()
    again.wait_for()
    assert page.locator("#text").input_value() == "houses beside a road"

    # Watch it; a new scene brings new places.
    way.button("Watch").focus()
    way.keys(["Enter"])
    page.get_by_label("Tell me of").select_option("weak")
    page.get_by_role("dialog").get_by_role("button", name="Watch", exact=True).focus()
    way.keys(["Enter"])
    way.button("Watched").wait_for()
    write_scenes(tmp_path / "scenes", 1, first=7)
    build_index(tmp_path / "scenes")
    service.index("archive").index.refresh()
    way.button("Watched").focus()
    way.keys(["Enter"])
    way.button("Look now").focus()
    way.keys(["Enter"])
    # The server looks by itself too, and may have been first.
    page.get_by_text("looked at.").first.wait_for()
    way.button("Saved").focus()
    way.keys(["Enter"])
    page.get_by_role("button", name="events of Houses by roads").focus()
    way.keys(["Enter"])
    events = page.locator(".events li")
    events.first.wait_for()
    assert "scene7" in events.first.inner_text()
    way.keys(["Escape"])

    # Take the places along.
    way.button("Export").focus()
    way.keys(["Enter"])
    with page.expect_download() as download:
        way.keys(["Enter"])
    places = json.loads(download.value.path().read_bytes())
    assert places["type"] == "FeatureCollection"
    assert places["features"]


def test_history_goes_back_to_the_search_before(visit):
    way = visit()
    way.search("a river")
    way.search("an airfield")
    way.page.go_back()
    way.page.wait_for_url("**q=a+river*")
    way.page.wait_for_selector(ROW)
    assert way.page.locator("#text").input_value() == "a river"


def test_click_on_the_map_chooses_a_hit(visit):
    way = visit()
    way.search("houses")
    way.page.keyboard.press("f")
    way.page.wait_for_timeout(700)
    box = way.page.locator("#map").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    way.page.mouse.click(*middle)
    way.page.wait_for_selector(CHOSEN)
    first = way.page.locator(CHOSEN).get_attribute("data-chip")
    way.page.wait_for_url(f"**hit={first}*")
    assert way.page.locator("#card").is_visible()


def test_marks_outlive_a_server_that_is_away(visit):
    way = visit()
    way.search("houses")
    way.context.set_offline(True)
    way.keys(["j", "g"])
    way.page.get_by_text("1 mark waits for the server").wait_for()
    way.context.set_offline(False)
    way.page.wait_for_url("**search=*")
    # The address names the draft before its first mark is sent.
    for _ in range(50):
        if _marks(way, _search_of(way.page)):
            break
        way.page.wait_for_timeout(100)
    way.page.wait_for_selector("#markbar .waits", state="hidden")
    assert list(_marks(way, _search_of(way.page)).values()) == ["good"]
    # The browser says of each failed call that it failed.
    way.faults = [fault for fault in way.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


def test_picture_is_searched_with(visit, tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 64), "green").save(tmp_path / "green.png")
    way = visit()
    way.page.set_input_files("input[aria-label='Picture to search with']", tmp_path / "green.png")
    way.page.wait_for_selector(ROW)
    assert way.page.locator(".token.like img").count() == 1


def test_area_that_the_map_shows_bounds_the_search(visit):
    way = visit()
    way.search("houses")
    way.button("Area").click()
    way.page.get_by_role("menuitem", name="What I see").click()
    way.page.wait_for_url("**bbox=*")
    way.page.wait_for_selector(ROW)
    way.page.get_by_role("button", name="Remove: Box").click()
    way.page.wait_for_url(lambda url: "bbox" not in url)


def test_text_that_is_typed_stays_when_something_else_changes(visit):
    way = visit()
    page = way.page
    page.fill("#text", "houses")
    # The map moves, dates are set: neither is to take away what is typed.
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_url("**map=*")
    assert page.locator("#text").input_value() == "houses"
    page.fill("#first-date", "2010")
    page.locator("#first-date").blur()
    page.wait_for_url("**q=houses*")
    assert page.locator("#text").input_value() == "houses"
    # Half of a change is kept too, until its other date is there.
    page.check("#changes")
    page.fill("#first-date", "2012")
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(800)
    assert page.locator("#changes").is_checked()
    assert page.locator("#first-date").input_value() == "2012"


def _draw_a_box(way, corners, is_dragged):
    way.button("Area").click()
    way.page.get_by_role("menuitem", name="Draw a box").click()
    (west, north), (east, south) = corners
    if not is_dragged:
        way.page.mouse.click(west, north)
        way.page.get_by_text("opposite corner.").first.wait_for()
        way.page.mouse.click(east, south)
        return
    way.page.mouse.move(west, north)
    way.page.mouse.down()
    way.page.mouse.move(east, south, steps=4)
    way.page.mouse.up()


@pytest.mark.parametrize("is_dragged", [True, False])
def test_box_is_dragged_or_clicked(visit, is_dragged):
    way = visit()
    way.search("houses")
    way.page.wait_for_timeout(700)
    _draw_a_box(way, ((600, 200), (1000, 600)), is_dragged)
    way.page.wait_for_url("**bbox=*")
    assert way.page.locator("#drawing").is_hidden()
    assert way.page.locator("#card").is_hidden()


def test_note_stands_beside_a_mark(visit):
    way = visit()
    way.search("houses")
    way.keys(["j", "g"])
    way.page.wait_for_url("**search=*")
    way.page.get_by_label("Note on the mark").fill("two of them are new")
    with way.page.expect_response("**/marks"):
        way.page.keyboard.press("Enter")
    way.page.reload()
    way.page.wait_for_selector(CHOSEN)
    note = way.page.get_by_label("Note on the mark")
    playwright.expect(note).to_have_value("two of them are new")


def test_watch_by_a_least_score_can_be_changed(visit):
    way = visit()
    page = way.page
    way.search("houses")
    way.keys(["j"])
    way.button("Save").click()
    page.keyboard.press("Enter")
    way.button("Watch").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Tell me of").select_option(label="those of a least score")
    score = dialog.get_by_label("Least score").input_value()
    assert float(score)
    dialog.get_by_role("button", name="Watch", exact=True).click()
    way.button("Watched").click()
    dialog.get_by_text(f"It tells of places of score {score} or more.").wait_for()
    dialog.get_by_role("button", name="Change").click()
    dialog.get_by_label("Tell me of").select_option(label="clear ones only")
    dialog.get_by_role("button", name="Change").click()
    way.button("Watched").click()
    dialog.get_by_text("It tells of clear ones only.").wait_for()


def test_a_dialog_stays_until_what_it_asks_is_done_and_says_what_failed(visit):
    held = []
    way = visit(answers=[("**/v1/searches/*/watch", lambda route: held.append(route))])
    page = way.page
    way.search("houses")
    way.button("Save").click()
    page.keyboard.press("Enter")
    way.button("Watch").click()
    dialog = page.get_by_role("dialog")
    watch = dialog.get_by_role("button", name="Watch", exact=True)
    watch.click()
    watch.click()
    page.wait_for_timeout(300)
    assert len(held) == 1, "a second press asks nothing"
    assert dialog.is_visible()
    held.pop().abort()
    dialog.get_by_role("alert").get_by_text("The watch was not set.").wait_for()
    watch.click()
    page.wait_for_timeout(300)
    held.pop().continue_()
    dialog.wait_for(state="detached")
    way.button("Watched").wait_for()
    way.faults = [fault for fault in way.faults if "ERR_FAILED" not in fault]


def test_what_joined_a_text_is_shown_and_taken_away(visit):
    way = visit()
    way.search("boats")
    joined = way.page.locator("#joined")
    joined.get_by_text("“boats” joined by").wait_for()
    joined.get_by_role("button", name="As typed").click()
    joined.get_by_text("Searched as typed.").wait_for()
    assert "expand" in way.page.url
    # The line itself takes it back: no token beside it says the same.
    assert way.page.get_by_text('expand "off"').count() == 0
    joined.get_by_role("button", name="Join captions").click()
    joined.get_by_text("“boats” joined by").wait_for()


def test_area_without_scenes_says_why_and_what_next(visit):
    way = visit()
    way.open(f"{way.address}#q=houses&bbox=100,10,101,11")
    way.page.get_by_role("button", name="Everywhere").click()
    way.page.wait_for_selector(ROW)


def test_threshold_merges_places_to_detections(visit):
    way = visit()
    way.search("houses")
    way.button("Detections").click()
    way.page.get_by_text("detection").first.wait_for()
    way.page.locator("#threshold").fill("0")
    way.page.wait_for_timeout(600)
    assert "detection" in way.page.locator("#threshold-says").inner_text()


def test_relevance_is_laid_over_the_picture(visit):
    way = visit()
    way.search("houses")
    way.keys(["j", "w"])
    way.page.wait_for_selector("#card canvas")


def test_names_are_text_and_a_link_may_name_the_saved_search_alone(visit):
    way = visit()
    way.search("houses")
    way.keys(["s"])
    name = "<img src=x onerror=alert(1)> & Söhne"
    way.page.get_by_label("Name").fill(name)
    way.keys(["Enter"])
    way.page.get_by_role("heading", name=name).wait_for()
    way.page.wait_for_url("**search=*")
    way.open(f"{way.address}#index=archive&search={_search_of(way.page)}")
    way.page.get_by_role("heading", name=name).wait_for()
    way.page.wait_for_selector(ROW)
    assert way.page.locator("#text").input_value() == "houses"


def test_marks_come_back_from_a_file(visit, tmp_path):
    way = visit()
    way.search("houses")
    chip = way.rows().first.get_attribute("data-chip")
    (tmp_path / "marks.csv").write_text(f"id,mark\n{chip},bad\n")
    way.page.set_input_files("input[aria-label='File with marks']", tmp_path / "marks.csv")
    way.page.get_by_text("1 mark taken from the file").wait_for()
    assert way.rows().first.get_attribute("data-mark") == "bad"


def test_read_only_server_offers_no_marks(make_service, browser):
    with page_server(make_app(make_service(root_path=SUB_PATH, is_read_only=True))) as address:
        way = Visit(browser, address)
        way.search("houses")
        way.keys(["j", "g"])
        assert way.page.locator(".mark").count() == 0
        assert not way.page.locator("#markbar").is_visible()
        assert way.faults == []


def test_server_with_keys_asks_for_one(make_service, browser, tmp_path):
    key = make_key(tmp_path / "keys.txt", "anna")
    service = make_service(root_path=SUB_PATH, key_file=tmp_path / "keys.txt")
    with page_server(make_app(service)) as address:
        way = Visit(browser, address, is_ready=False)
        way.page.locator("dialog input").fill("wrong")
        way.page.keyboard.press("Enter")
        way.page.get_by_text("This key is not accepted").wait_for()
        way.page.locator("dialog input").fill(key)
        way.page.keyboard.press("Enter")
        way.wait()
        way.search("houses")
        # Pictures and tiles need the key too.
        way.keys(["j"])
        picture = way.page.locator("#card img")
        picture.wait_for()
        way.page.wait_for_timeout(500)
        assert picture.evaluate("image => image.naturalWidth") > 0
        assert [fault for fault in way.faults if "401" not in fault] == []


def test_letters_can_be_switched_off(visit):
    way = visit()
    way.search("houses")
    way.keys(["?"])
    way.page.get_by_label("Follow single letters").uncheck()
    way.keys(["Escape", "ArrowDown", "g"])
    way.page.wait_for_selector(CHOSEN)
    assert way.page.locator(CHOSEN).get_attribute("data-mark") == ""


def test_page_waits_for_an_index_that_loads(visit):
    loading = {"indexes": [{"id": "archive", "title": "archive", "state": "loading"}]}
    answers = [("**/v1/indexes", lambda route: route.fulfill(json=loading))]
    way = visit(is_ready=False, answers=answers)
    way.page.get_by_role("heading", name="The index is loading").wait_for()
    way.page.unroute_all()
    way.page.get_by_role("heading", name="Describe what you look for").wait_for()
    way.search("houses")


def test_base_map_of_the_operator_is_all_that_is_asked_for_elsewhere(make_service, browser):
    address = "https://tiles.example.org/{z}/{x}/{y}.png"
    service = make_service(root_path=SUB_PATH, basemap=address, attribution="© <b>Maps</b>")
    with page_server(make_app(service)) as own:
        tile = ("https://tiles.example.org/**", lambda route: route.fulfill(body=PIXEL))
        way = Visit(browser, own, answers=[tile])
        way.page.get_by_text("© <b>Maps</b>").wait_for()
        way.page.wait_for_timeout(500)
        elsewhere = {fault.partition("://")[2].partition("/")[0] for fault in way.faults}
        assert elsewhere == {"tiles.example.org"}


def _serious(page):
    page.evaluate(axe_script().read_text("utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return {
        fault["id"]: [node["html"] for node in fault["nodes"]]
        for fault in found["violations"]
        if fault["impact"] in PLAIN_FAULTS
    }


@pytest.mark.skipif(not axe_script().is_file(), reason="needs axe-core; run make page-check")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(visit, scheme):
    # The rules come as a string, which the policy of the page forbids to itself.
    way = visit(color_scheme=scheme, bypass_csp=True)
    assert _serious(way.page) == {}
    way.search("houses")
    way.keys(["j", "g", "j", "b", "j", "n"])
    way.page.wait_for_timeout(300)
    assert _serious(way.page) == {}
    way.keys(["l"])
    way.button("Detections").click()
    assert _serious(way.page) == {}
    way.keys(["Escape", "?"])
    assert _serious(way.page) == {}
    way.keys(["Escape"])
    way.button("Export").click()
    assert _serious(way.page) == {}


def test_scenes_that_are_added_are_counted(visit, build_index, write_scenes, tmp_path, service):
    way = visit()
    facts = way.page.locator("#index-facts")
    playwright.expect(facts).to_contain_text("3 scenes")
    write_scenes(tmp_path / "scenes", 2, first=3)
    build_index(tmp_path / "scenes")
    refresh_all(service)
    # The next answer is of another version than the page knows.
    way.search("houses beside a road")
    playwright.expect(facts).to_contain_text("5 scenes")
    # And so it is where the page is looked at again.
    write_scenes(tmp_path / "scenes", 1, first=5)
    build_index(tmp_path / "scenes")
    refresh_all(service)
    way.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    playwright.expect(facts).to_contain_text("6 scenes")
