"""The map page alone: size, load, 1,000 hits in list and map, 50,000 footprints, panning.

    python -m benchmarks.serve.page

Everything that the page asks for is answered here, so that no server and no model is measured.
Times are those of headless Chromium without a GPU: compare those of one machine only.
"""

import gzip
import json
import statistics
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from tests.serve.page_server import ARGUMENTS, browser_path

PAGE = files("harma.serve").joinpath("page")
ORIGIN = "http://127.0.0.1:9"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'"
)
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
HITS = 1000
FOOTPRINTS = 50_000
ROUNDS = 3
PAN_S = 2.0
# Degrees.
SIDE = 0.01
# Counts from the first call on.
COUNT_FRAMES = """() => {
  if (window.frames_ === undefined) {
    window.frames_ = 0;
    const tick = () => { window.frames_ += 1; requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
  }
}"""
LIMITS = {
    "k": HITS,
    "text": 500,
    "examples": 200,
    "upload_bytes": 10**7,
    "upload_pixels": 25 * 10**6,
    "vertices": 10_000,
}
PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


def box(at: int, in_a_row: int) -> dict[str, Any]:
    """A square of a grid."""
    west = (at % in_a_row) * SIDE * 1.5
    south = (at // in_a_row) * SIDE * 1.5
    ring = [[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE], [0, 0]]
    corners = [[round(west + x, 5), round(south + y, 5)] for x, y in ring]
    return {"type": "Polygon", "coordinates": [corners]}


def hit(at: int) -> dict[str, Any]:
    """A hit as the server gives it."""
    properties = {
        "rank": at + 1,
        "score": 0.4 - at / 10_000,
        "percentile": 99.0,
        "standing": ("clear", "likely", "weak")[at % 3],
        "index": "a",
        "source": "s",
        "source_name": f"a_scene_with_a_rather_long_name_{at}.tif",
        "date": "2024-05-31",
        "width": 224,
        "height": 224,
        "gsd": 1.0,
    }
    return {"type": "Feature", "id": f"c{at}", "geometry": box(at, 40), "properties": properties}


def answers(num_footprints: int) -> dict[str, bytes]:
    """Path → JSON of what the page asks for."""
    coverage = [
        {"type": "Feature", "id": str(at), "geometry": box(at, 250), "properties": {}}
        for at in range(num_footprints)
    ]
    index = {
        "id": "a",
        "title": "a",
        "state": "ready",
        "chips": 10**6,
        "sources": num_footprints,
        "bounds": [0, 0, 4, 4],
        "dates": ["2020-01-01", "2024-01-01"],
        "model": "m",
    }
    page = {
        "version": "0",
        "read_only": False,
        "needs_key": False,
        "basemap": None,
        "limits": LIMITS,
        "webhook_hosts": [],
        "can_notify": False,
    }
    found = {
        "query_id": "q",
        "index": "a",
        "took_ms": 1,
        "asked": {},
        "num_kept": HITS,
        "counts": {"clear": 334, "likely": 333, "weak": 333},
        "next": None,
        "empty": None,
        "features": [hit(at) for at in range(HITS)],
    }
    said = {
        "v1/page": page,
        "v1/indexes": {"indexes": [index]},
        "v1/indexes/a/coverage": {"type": "FeatureCollection", "features": coverage},
        "v1/indexes/a/search": {"type": "FeatureCollection", **found},
    }
    return {path: json.dumps(value).encode() for path, value in said.items()}


def answering(said: dict[str, bytes], sizes: list[int]) -> Callable[[Any], None]:
    """What answers the browser in place of a server."""

    def answer(route: Any) -> None:
        path = route.request.url.removeprefix(f"{ORIGIN}/").partition("?")[0] or "index.html"
        if path in said:
            route.fulfill(body=said[path], content_type="application/json")
            return
        if path.endswith(("thumbnail", "image")):
            route.fulfill(body=PIXEL, content_type="image/gif")
            return
        name = path.removeprefix("assets/")
        file = PAGE.joinpath(name)
        if not file.is_file():
            route.fulfill(status=404, body=b"{}", content_type="application/json")
            return
        content = file.read_bytes()
        sizes.append(len(gzip.compress(content, 5)))
        kind = TYPES.get(name.rpartition(".")[2], "application/json")
        headers = {"Content-Security-Policy": POLICY, "Content-Type": kind}
        route.fulfill(body=content, headers=headers)

    return answer


def settle(page: Any) -> None:
    """Wait until the browser has drawn what it knows."""
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => setTimeout(r, 0)))")


def frames(page: Any) -> float:
    """Frames a second while the map is dragged."""
    page.evaluate(COUNT_FRAMES)
    page.mouse.move(900, 400)
    page.mouse.down()
    before = page.evaluate("() => window.frames_")
    start = time.perf_counter()
    step = 0
    while time.perf_counter() - start < PAN_S:
        step += 1
        page.mouse.move(900 + 200 * ((step % 40) / 40 - 0.5), 400 + (step % 7) * 10)
    drawn = page.evaluate("() => window.frames_") - before
    took = time.perf_counter() - start
    page.mouse.up()
    return drawn / took


def measure(browser: Any, num_footprints: int) -> dict[str, float]:
    """One visit."""
    sizes: list[int] = []
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.route("**/*", answering(answers(num_footprints), sizes))
    start = time.perf_counter()
    page.goto(f"{ORIGIN}/")
    page.wait_for_selector("html[data-ready]", state="attached")
    ready = time.perf_counter() - start
    settle(page)
    drawn = time.perf_counter() - start
    pan = frames(page)
    page.fill("#text", "houses")
    start = time.perf_counter()
    page.press("#text", "Enter")
    page.wait_for_selector(f"#hits .hit:nth-child({HITS})", state="attached")
    settle(page)
    listed = time.perf_counter() - start
    found = {
        "gzipped_kb": sum(sizes) / 1000,
        "ready_s": ready,
        "footprints_drawn_s": drawn,
        "pan_frames_s": pan,
        "hits_listed_s": listed,
        "pan_with_hits_frames_s": frames(page),
        "heap_mb": page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6,
    }
    page.close()
    return found


def main() -> None:
    """Measure, and print medians as JSON."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path(), args=ARGUMENTS)
        table = {}
        for number in (0, FOOTPRINTS):
            rounds = [measure(browser, number) for _ in range(ROUNDS)]
            medians = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
            table[f"{number} footprints"] = {key: round(value, 2) for key, value in medians.items()}
        browser.close()
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
