"""Searches and tiles: one caller, sixteen callers, and the same searches through Python."""

import itertools
import math
import random
import time

from benchmarks.serve.asking import by_callers, texts, timed, told
from benchmarks.serve.server import NAME, Server

from harma.index.ask import Page, Query
from harma.index.index import Index
from harma.serve.embedding import share_cores
from harma.serve.finding import FIRST_KEPT
from harma.serve.settings import Limits

CALLERS = 16


def search(args):
    """Searches over HTTP beside those of Python alone."""
    through_python(args)
    with Server(args.index) as server:
        print(f"ready after {server.seconds_to_ready:.1f} s, {server.resident_mb()} MB")
        for seed, count in ((1, args.queries), (2, args.queries)):
            over_http(server, seed, 1, count)
        over_http(server, 3, CALLERS, args.queries)
        with server.client() as client:
            # Of the second round: what was asked in the first may be kept no longer.
            asked = list(itertools.islice(texts(200), args.queries))
            before = server.cpu_seconds()
            times = timed(lambda text: posted(client, text), asked)
            told("HTTP, asked before", times, cpu=server.cpu_seconds() - before)
        print(f"{server.resident_mb()} MB, {server.resident_mb('VmHWM')} MB at most")


def through_python(args):
    """The same searches without a server."""
    # As a server does: threads of PyTorch that wait for each other take the cores of others.
    share_cores(Limits().threads)
    index = Index.open(args.index)
    index.warm_up()
    for k in (50, FIRST_KEPT, Limits().kept_hits):
        asked = list(itertools.islice(texts(1), args.queries))
        before = time.process_time()
        times = timed(lambda text: index.find(Query(text), page=Page(k=k)), asked)  # noqa: B023
        told(f"Python alone, k={k}", times, cpu=time.process_time() - before)


def over_http(server, seed, callers, count):
    """Searches by some callers, each of other texts."""

    def call(number):
        asked = itertools.islice(texts(100 * seed + number), -(-count // callers))
        with server.client() as client:
            return timed(lambda text: posted(client, text), asked)

    cpu = server.cpu_seconds()
    start = time.perf_counter()
    times = list(itertools.chain.from_iterable(by_callers(callers, call)))
    seconds = time.perf_counter() - start
    told(f"HTTP, {callers} callers, k=50", times, seconds, server.cpu_seconds() - cpu)


def posted(client, text, **values):
    """Search; the answer."""
    answer = client.post(f"/v1/indexes/{NAME}/search", json={"text": text, **values})
    answer.raise_for_status()
    return answer.json()


def tiles(args):
    """Tiles of all scenes that have some."""
    with Server(args.index) as server:
        with server.client() as client:
            addresses = tile_addresses(client)
        rng = random.Random(0)
        for callers in (1, CALLERS):
            parts = [rng.choices(addresses, k=args.queries // callers) for _ in range(callers)]

            def call(number, parts=parts):
                with server.client() as client:
                    return timed(lambda address: drawn(client, address), parts[number])

            cpu = server.cpu_seconds()
            start = time.perf_counter()
            times = list(itertools.chain.from_iterable(by_callers(callers, call)))
            seconds = time.perf_counter() - start
            told(f"tiles, {callers} callers", times, seconds, server.cpu_seconds() - cpu)
        print(f"{server.resident_mb()} MB, {server.resident_mb('VmHWM')} MB at most")


def drawn(client, address):
    """Get a tile; its bytes."""
    answer = client.get(address)
    answer.raise_for_status()
    return answer.content


def tile_addresses(client):
    """Addresses of tiles that show something, of all scenes."""
    addresses = []
    for source in client.get(f"/v1/indexes/{NAME}/sources", params={"k": 1000}).json()["sources"]:
        if not source["tiles"] or source["bbox"] is None:
            continue
        for zoom in range(source["min_zoom"], source["max_zoom"] + 1):
            for x, y in itertools.islice(tiles_over(source["bbox"], zoom), 64):
                address = source["tiles"].replace("{z}", str(zoom))
                addresses.append(address.replace("{x}", str(x)).replace("{y}", str(y)))
    return addresses


def tiles_over(bbox, zoom):
    """Numbers of the tiles in Web Mercator that a box in degrees touches."""
    west, south, east, north = bbox
    left, upper = tile_at(west, north, zoom)
    right, lower = tile_at(east, south, zoom)
    return itertools.product(range(left, right + 1), range(upper, lower + 1))


def tile_at(lon, lat, zoom):
    """Column and row of the tile that a place lies in."""
    count = 2**zoom
    x = (lon + 180) / 360
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return tuple(min(max(int(share * count), 0), count - 1) for share in (x, y))
