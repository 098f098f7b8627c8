"""Requests of every operation of the OpenAPI document, with something odd in them."""

import copy
import gzip
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.fuzz.asgi_client import Asked, Headers
from tests.fuzz.damage import damaged
from tests.fuzz.edges.pictures import make as make_picture
from tests.fuzz.json_damage import ODD, as_text, damaged_json
from tests.fuzz.odd_texts import DATES, NUMBERS, TEXTS, odd_polygon
from tests.fuzz.odd_values import with_odd_value

METHODS = (
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
    "get", "", "GET /", "X" * 5000,
)  # fmt: skip
# As they are on the wire.
IDS = (
    "x", "0", "-1", "9" * 40, "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "..", ".", "%2e%2e",
    "%00", "%ff%fe", "%E2%80%AE", "a" * 3000, "*", "%25", "%", "%zz", "null", "' OR '1'='1",
    "%0d%0aX:%201", "http:%2f%2f127.0.0.1:9%2f", "file:%2f%2f%2fetc%2fpasswd", "%ED%A0%80",
    "search-x", "{index}", "", "1e999", "NaN", "²", "%C2%B2", "~", "index.html%00.png",
    "..\\..\\x", "%5c", "%F0%9F%9B%B0",
)  # fmt: skip
PATHS = (
    "/", "//", "/../../etc/passwd", "/assets/../../../../etc/passwd", "/assets/%2e%2e/%2e%2e/x",
    "/v1", "/v1/", "/v1/indexes/archive/", "*", "", "http://127.0.0.1:9/", "/%00", "/openapi.json",
    "/docs", "/.env", "/assets/", "/static/../x", "/v1//indexes", "/v1/indexes?" + "a=1&" * 5000,
    "/" + "a/" * 3000, "/redoc", "/favicon.ico", "/collections/archive/items/../..", "/;a=b",
    "/v1/indexes%2Farchive",
)  # fmt: skip
NAMES = (
    b"host", b"range", b"if-none-match", b"if-modified-since", b"accept", b"accept-encoding",
    b"origin", b"content-length", b"transfer-encoding", b"content-encoding", b"authorization",
    b"cookie", b"expect", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host",
    b"x-forwarded-prefix", b"forwarded", b"x-http-method-override", b"sec-fetch-site", b"referer",
    b"user-agent", b"content-type", b"upgrade", b"accept-language", b"x", b"", b"connection",
    b"access-control-request-method", b"if-match", b"te",
)  # fmt: skip
VALUES = (
    b"", b"x", b"*", b"\xff\xfe", b"\x00", b"a\r\nX: 1", b"x" * 100_000, b"localhost",
    b"evil.example", b"bytes=0-", b"bytes=-1", b"bytes=9999999999-", b"bytes=0-0," * 2000, b"-1",
    b"1" * 40, b"chunked", b"gzip", b"Bearer x", b"Basic !!!", b"null", b"http://[", b"127.0.0.1",
    b"localhost:x", b"[::1]:1", b"application/json", b"text/html", b"identity;q=0",
    b"gzip;q=x, *;q=9", b"same-origin", b"cross-site", b"Thu, 99 Foo 9999", b'"' * 999,
    b"localhost/../x", b"user@localhost", b"for=1.2.3.4;proto=x", b"100",
)  # fmt: skip
PICTURES = (b"image/png", b"image/jpeg", b"image/tiff", b"image/webp")
TYPES = (
    b"application/json", b"application/json; charset=utf-16", b"application/JSON", b"text/plain",
    b"", b"application/json;", b"multipart/form-data", b"application/x-www-form-urlencoded",
    b"a/b/c", b"*/*", b"image/png", b"image/svg+xml", b"text/csv", b"application/geo+json",
    b"application/vnd.apache.parquet", b"application/problem+json", b"\xff",
    b"application/json\x00",
)  # fmt: skip
# Members of a search, good ones, that JSON is made of.
SEARCH: dict[str, Any] = {
    "text": "a field", "k": 5, "bbox": [8, 44, 10, 46], "date": ["2019", None], "source": "*0*",
    "near": [9, 45], "radius_km": 9, "expand": "off", "like": [{"text": "a roof", "weight": 0.5}],
    "unlike": [{"text": "a road"}], "exact": True, "overlap": 0.5, "offset": 0, "within": False,
    "polygon": {"type": "Polygon", "coordinates": [[[8, 44], [10, 44], [10, 46], [8, 44]]]},
}  # fmt: skip
BODIES: dict[str, Any] = {
    "/search": {"collections": ["archive"], "limit": 3, "bbox": [8, 44, 10, 46], "ids": ["x"],
                "datetime": "2019-01-01T00:00:00Z/..", "q": "a",
                "intersects": {"type": "Point", "coordinates": [9, 45.1]}},
    "/v1/searches": {"index": "archive", "name": "fields", "asked": SEARCH},
    "/v1/searches/{search}": {"name": "other", "version": 1},
    "/v1/searches/{search}/marks": {"marks": [{"chip": "CHIP", "mark": "good", "note": "n"}]},
    "/v1/searches/{search}/watch": {"standing": "likely", "webhook": "http://127.0.0.1:9/x"},
    "/v1/searches/{search}/search": {"k": 3},
    "/v1/indexes/{index}/search": SEARCH,
}  # fmt: skip
# Good values of parameters in addresses.
PARAMETERS = {
    "limit": "3", "bbox": "8,44,10,46", "datetime": "2019-01-01T00:00:00Z/..", "q": "a", "k": "3",
    "near": "9,45", "radius_km": "9", "since": "2019", "until": "2021", "source": "*", "ids": "x",
    "expand": "off", "text": "a road", "after": "0", "standing": "likely", "least_score": "0.1",
    "format": "geojson", "how": "best", "drafts": "true", "index": "archive",
    "collections": "archive",
}  # fmt: skip
MARKS = (
    b"chip,mark,note\nCHIP,good,x\n", b"chip;mark\nCHIP;bad\n", b"lon,lat,label\n9,45,1\n",
    b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point",'
    b' "coordinates": [9, 45]}, "properties": {"mark": "good"}}]}',
)  # fmt: skip


class Requests:
    """Makes requests.

    Args:
        operations: (method, path, names of parameters in the address) of the OpenAPI document.
        there: parameter of a path → a value that is there.
    """

    def __init__(
        self, operations: list[tuple[str, str, list[str]]], there: Mapping[str, str]
    ) -> None:
        self.operations = operations
        self.there = there

    def odd(self, chance: random.Random, folder: Path) -> Asked:
        """A request of an operation, with something odd in it."""
        method, path, names = chance.choice(self.operations)
        weights = (5, 5, 6, 3, 2, 1, 3)
        kind = chance.choices(
            ("id", "query", "body", "headers", "method", "path", "good"), weights
        )[0]
        asked = Asked(method.upper(), self._path(chance, path, kind == "id"), _usual())
        if names:
            asked.target += self._query(chance, names, kind == "query")
        if method in ("post", "put", "patch"):
            self._put_body(chance, folder, path, asked, is_odd=kind in ("body", "query"))
        if kind == "method":
            asked.method = chance.choice(METHODS)
        elif kind == "path":
            asked.target = chance.choice(PATHS)
        elif kind == "headers":
            _disturb(chance, asked)
        return asked

    def _path(self, chance: random.Random, path: str, is_odd: bool) -> str:
        values = {name: quote(value, safe="") for name, value in self.there.items()}
        named = [name for name in values if f"{{{name}}}" in path]
        if is_odd and named:
            name = chance.choice(named)
            values[name] = chance.choice((*IDS, values[name][:-1], values[name] + "x"))
        for name in named:
            path = path.replace(f"{{{name}}}", values[name])
        return path

    def _query(self, chance: random.Random, names: list[str], is_odd: bool) -> str:
        given = []
        for name in names:
            if chance.random() < 0.5 and name in PARAMETERS:
                given.append((name, PARAMETERS[name]))
        if is_odd:
            for _ in range(chance.choice((1, 1, 2))):
                given.append((self._odd_name(chance, names), odd_parameter(chance)))
        elif "q" in names or "text" in names:
            given.append(("q" if "q" in names else "text", "a road"))
        return "?" + "&".join(f"{name}={value}" for name, value in given)

    def _odd_name(self, chance: random.Random, names: list[str]) -> str:
        if chance.random() < 0.1:
            return chance.choice(("x", "", "where", "url", "%00", "offset", "a[b]", "__proto__"))
        return chance.choice(names)

    def _put_body(
        self, chance: random.Random, folder: Path, path: str, asked: Asked, *, is_odd: bool
    ) -> None:
        if path == "/v1/uploads":
            name = make_picture(chance, folder)
            data = (folder / name).read_bytes()
            kind = chance.choice(
                (b"image/png", b"image/jpeg", b"image/tiff", b"image/webp", *TYPES)
            )
        elif path.endswith("/marks/import"):
            data, kind = self._marks(chance)
        elif path in BODIES:
            data = self._json(chance, BODIES[path], is_odd=is_odd)
            kind = b"application/json" if chance.random() < 0.9 else chance.choice(TYPES)
        else:
            return
        data = data.replace(b"CHIP", self.there["chip"].encode())
        asked.headers.append((b"content-type", kind))
        asked.headers.append((b"content-length", b"%d" % len(data)))
        cut = chance.randrange(len(data) + 1)
        asked.body = chance.choice(([data], [data], [data], [data[:cut], b"", data[cut:]]))

    def _json(self, chance: random.Random, good: Any, *, is_odd: bool) -> bytes:
        values = copy.deepcopy(good)
        searched = values.get("asked", values)
        for name in list(searched):
            # Of a search: some of what may be asked.
            if searched is not good and name in SEARCH and chance.random() < 0.6 and name != "text":
                del searched[name]
        if not is_odd:
            return json.dumps(values).encode()
        kind = chance.choice(("bytes", "value", "value", "value", "polygon", "example"))
        if kind == "bytes":
            return damaged_json(chance, json.dumps(values).encode())
        if kind == "polygon" and "text" in searched:
            text = odd_polygon(chance)
            searched["polygon"] = "@polygon@"
            whole = json.dumps(values).encode("utf-8", "surrogatepass")
            return whole.replace(b'"@polygon@"', _text_or_json(text))
        if kind == "example" and "text" in searched:
            count = chance.choice((1, 3, 300))
            searched["like"] = [odd_example(chance, self.there["chip"]) for _ in range(count)]
        else:
            values = with_odd_value(chance, values)
        try:
            return as_text(values, 60, plain=chance.random() < 0.5)
        except (RecursionError, ValueError):
            return b"[" * 100_000

    def _marks(self, chance: random.Random) -> tuple[bytes, bytes]:
        data = chance.choice(MARKS)
        kinds = {b"c": b"text/csv", b"l": b"text/csv", b"{": b"application/geo+json"}
        kind = kinds[data[:1]]
        if chance.random() < 0.2:
            kind = chance.choice((b"application/vnd.apache.parquet", *TYPES))
        if chance.random() < 0.2:
            data *= chance.choice((2, 1000))
        if chance.random() < 0.7:
            is_json = data[:1] == b"{" and data.count(b"FeatureCollection") == 1
            data = damaged_json(chance, data) if is_json else damaged(chance, data)
        return data, kind


def _text_or_json(text: str) -> bytes:
    if text.startswith("{"):
        return text.encode("utf-8", "surrogatepass")
    return json.dumps(text).encode()


def odd_example(chance: random.Random, chip: str) -> Any:
    """An example of a search that is odd."""
    weight = chance.choice((1, 0, -1, 1e308, float("nan"), "1", None, 0.5))
    number = chance.choice((0, 1, 0.5, -1, 1e300, float("nan"), None, "x"))
    numbers = [number] * chance.choice((0, 16, 16, 17))
    kinds = (
        {"text": chance.choice(TEXTS)}, {"chip": chance.choice((chip, "x", "", 1))},
        {"upload": "x"}, {"vector": numbers}, {"file": "/etc/passwd"}, {},
        {"text": "a", "chip": chip}, chance.choice(ODD),
    )  # fmt: skip
    what = chance.choice(kinds)
    if isinstance(what, dict) and chance.random() < 0.6:
        what = {**what, "weight": weight}
    return what


def odd_parameter(chance: random.Random) -> str:
    """A value in an address, as it is on the wire."""
    if chance.random() < 0.15:
        return chance.choice(IDS)
    value = chance.choice(
        chance.choice((NUMBERS, DATES, TEXTS, ("8,44,10,46", "1,2,3", "a,b", "{}")))
    )
    return quote(value[:20_000], safe=",:", errors="surrogatepass")


def _usual() -> Headers:
    return [(b"host", b"localhost"), (b"accept", b"*/*")]


def _disturb(chance: random.Random, asked: Asked) -> None:
    for _ in range(chance.choice((1, 2, 5))):
        name, value = chance.choice(NAMES), chance.choice(VALUES)
        if chance.random() < 0.7:
            asked.headers = [(other, kept) for other, kept in asked.headers if other != name]
        asked.headers.append((name, value))
    if chance.random() < 0.1:
        asked.headers.append((b"content-encoding", b"gzip"))
        asked.body = [gzip.compress(b" " * 3_000_000)]
    if chance.random() < 0.05:
        asked.body = [b" " * 100_000] * 40
