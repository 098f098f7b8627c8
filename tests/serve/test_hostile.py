"""What a stranger may send: every id altered, parameters nobody offers, more than can be done."""

import asyncio
import re
import resource
import threading

import httpx
import pytest
from tests.serve.there import ids_there

from harma.index.index import Index
from harma.serve.app import make_app
from harma.serve.problems import MEDIA_TYPE
from harma.serve.settings import Limits

ODD = [
    "x",
    "0",
    "-1",
    "9" * 40,
    "..%2f..%2fetc%2fpasswd",
    "%2fetc%2fpasswd",
    "' OR '1'='1",
    "%00",
    "%ff%fe",
    "\u202e",
    "a" * 3000,
    "*",
    "%25",
    "{}",
    "null",
    "http:%2f%2f169.254.169.254%2f",
]
# A URL, a file, a size of a tile: what other servers take from anybody.
OPEN = {
    "url": "http://169.254.169.254/latest",
    "tilesize": "100000",
    "path": "/etc/passwd",
    "expression": "b1",
    "where": "1=1",
    "offset": "1" + "0" * 16,
}
MEGA = 1 << 20


def altered(value):
    """Ids that are nearly right, and odd ones."""
    text = str(value)
    yield from (f"{text[:at]}~{text[at + 1 :]}" for at in range(0, len(text), 5))
    yield from (f"{text}x", text[:-1] or "-", f"{text}%20", text.upper() + "_")
    yield from ODD


def addresses(client):
    """Method and address of every operation, each id of it altered in turn."""
    there = {name: str(value) for name, value in ids_there(client).items()}
    for pattern, operations in client.get("/openapi.json").json()["paths"].items():
        for name in re.findall(r"{(\w+)}", pattern):
            for value in altered(there[name]):
                address = pattern.format_map({**there, name: value})
                yield from ((method.upper(), address) for method in operations)


def test_every_id_altered(make_service, make_client):
    client = make_client(make_service())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    num_tried = 0
    for method, address in addresses(client):
        answer = client.request(method, address)
        assert answer.status_code < 500 or answer.status_code == 503, (method, address)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == MEDIA_TYPE, (method, address)
        assert b"root:" not in answer.content
        num_tried += 1
    assert num_tried > 500
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 200 * MEGA, f"{grown / MEGA:.0f} MB"


def test_parameters_that_nobody_offers_do_nothing(client):
    there = ids_there(client)
    for pattern, operations in client.get("/openapi.json").json()["paths"].items():
        if "get" not in operations or pattern in ("/metrics", "/readyz"):
            continue
        address = pattern.format_map(there)
        needed = {"q": "a road"} if pattern.endswith("/search") else {}
        if pattern.endswith("/relevance"):
            needed = {"text": "a road"}
        plain = client.get(address, params=needed)
        with_them = client.get(address, params={**OPEN, **needed})
        # The standards and the searches refuse what they do not know; nobody else looks at it.
        assert with_them.status_code in (plain.status_code, 400, 422), address
        if with_them.status_code == 200 and "took_ms" not in plain.text:
            assert with_them.content[:200] == plain.content[:200], address


def test_more_than_can_be_done(make_service, monkeypatch):
    """One works, two wait, the others hear 503 at once; all is well afterwards."""
    service = make_service(limits=Limits(threads=1, waiting=2))
    app = make_app(service)
    may_end = threading.Event()
    find = Index.find

    def slow(index, *asked):
        assert may_end.wait(60)
        return find(index, *asked)

    monkeypatch.setattr(Index, "find", slow)

    async def run():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            first = [asyncio.create_task(search(client, number)) for number in range(3)]
            async with asyncio.timeout(60):
                while service.search_work.num_inside < 3:
                    await asyncio.sleep(0.01)
            late = [await search(client, number) for number in range(3, 8)]
            # Health is answered meanwhile, pictures and tiles too.
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get("/v1/indexes/archive")).status_code == 200
            may_end.set()
            return late, [await one for one in first], await search(client, 9)

    late, first, after = asyncio.run(run())
    assert [answer.status_code for answer in late] == [503] * 5
    assert all(answer.headers["retry-after"] == "2" for answer in late)
    assert [answer.status_code for answer in [*first, after]] == [200] * 4
    assert service.search_work.num_inside == 0


async def search(client, number):
    return await client.post("/v1/indexes/archive/search", json={"text": f"a road {number}"})


@pytest.mark.parametrize("k", [10**16, -1, 1e300, "1" * 5000])
def test_huge_numbers(client, k):
    assert client.post("/v1/indexes/archive/search", json={"text": "a", "k": k}).status_code == 422
    answer = client.get("/v1/indexes/archive/search", params={"q": "a", "k": k})
    assert answer.status_code == 422
    answer = client.get("/v1/indexes/archive/results/x", params={"after": k})
    assert answer.status_code in (410, 422)
