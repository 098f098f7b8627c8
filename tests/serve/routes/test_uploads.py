"""POST /v1/uploads: statuses, limits of size, time and number, and a thousand mutated pictures."""

import asyncio
import itertools
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from tests.serve import pictures
from tests.serve.pictures import encoded, noise

from harma.errors import BusyError
from harma.scenes.reading import Reading
from harma.serve.app import make_app
from harma.serve.routes.uploads import Arriving
from harma.serve.service import Service
from harma.serve.settings import Limits, ServeSettings
from harma.serve.uploads import Uploads
from harma.serve.work import WorkQueue

ADDRESS = "/v1/uploads"
PLAIN = encoded(noise(), "PNG")
PNG = {"content-type": "image/png"}
NUM_MUTATED = 1000
# What the server's own process may grow by while pictures come, and what the other one may take.
MOST_GROWTH = 150
MOST_OF_DECODER = 1000


@pytest.fixture(scope="module")
def service():
    return Service.of(ServeSettings({}))


@pytest.fixture(scope="module")
def client(service):
    app = make_app(service)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


def send(client, body, kind="image/png"):
    return client.post(ADDRESS, content=body, headers={"content-type": kind})


def test_a_picture_is_kept(client, service):
    answer = send(client, PLAIN)
    assert answer.status_code == 201
    told = answer.json()
    assert told.keys() == {"id", "width", "height", "expires"}
    assert (told["width"], told["height"]) == (48, 48)
    left = datetime.fromisoformat(told["expires"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    assert service.uploads.seen(told["id"], Reading()).size == (48, 48)


@pytest.mark.parametrize("kind", ["image/jpeg", "image/webp", "IMAGE/TIFF; charset=x"])
def test_bytes_decide_what_it_is(client, kind):
    assert send(client, PLAIN, kind).status_code == 201


@pytest.mark.parametrize(
    "kind", ["", "text/html", "application/json", "image/svg+xml", "image/gif"]
)
def test_other_types_are_415(client, kind):
    answer = send(client, PLAIN, kind)
    assert answer.status_code == 415
    assert "pictures are sent as image/png" in answer.json()["detail"]


def test_other_bytes_are_415_damaged_ones_422_large_ones_413(client):
    for body, status in (
        (b"<svg/>", 415),
        (PLAIN[:99], 422),
        (pictures.bombs()["26 megapixels"], 413),
        (PLAIN + b"\0" * 10_000_000, 413),
    ):
        answer = send(client, body)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]


def test_a_body_without_a_length_is_cut_off(client):
    sent = []

    def endless():
        for _ in range(200):
            sent.append(1)
            yield PLAIN + b"\0" * 100_000

    answer = client.post(ADDRESS, content=endless(), headers=PNG)
    assert answer.status_code == 413


def test_get_is_405(client):
    assert client.get(ADDRESS).status_code == 405


def test_openapi_says_what_is_sent_and_told(client):
    operation = client.get("/openapi.json").json()["paths"][ADDRESS]["post"]
    assert operation["operationId"] == "upload_picture"
    assert set(operation["responses"]) >= {"201", "413", "415", "422", "503"}
    kinds = operation["requestBody"]["content"]
    assert set(kinds) == {"image/png", "image/jpeg", "image/webp", "image/tiff"}


# -- how many at once, and how long ---------------------------------------------------------------


class Slow:
    """A picture that comes when it is let."""

    def __init__(self):
        self.may_end = asyncio.Event()

    async def receive(self):
        await self.may_end.wait()
        return {"type": "http.request", "body": PLAIN, "more_body": False}

    @property
    def request(self):
        headers = [(b"content-type", b"image/png")]
        return Request({"type": "http", "method": "POST", "headers": headers}, self.receive)


def test_more_than_some_at_once_are_503(service):
    async def scenario():
        arriving = Arriving(service.uploads, WorkQueue("uploads", 1, 1))
        slow = [Slow(), Slow()]
        tasks = [asyncio.create_task(arriving.received(one.request)) for one in slow]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="2 pictures are being received"):
            await arriving.received(Slow().request)
        for one in slow:
            one.may_end.set()
        uploads = await asyncio.gather(*tasks)
        assert arriving.num_inside == 0
        return {upload.width for upload in uploads}

    assert asyncio.run(scenario()) == {48}


def test_what_does_not_come_is_given_up(service):
    async def scenario():
        arriving = Arriving(service.uploads, service.upload_work, seconds=0.02)
        with pytest.raises(BusyError, match="did not come within"):
            await arriving.received(Slow().request)
        return arriving.num_inside

    assert asyncio.run(scenario()) == 0


# -- a thousand mutated pictures ------------------------------------------------------------------


def resident_mb(pid="self", what="VmRSS"):
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return int(values[what].split()[0]) // 1024


def test_a_thousand_mutated_pictures(client, service, record_property):
    hostile = [*pictures.bombs().values(), *pictures.polyglots().values()]
    send(client, PLAIN)
    before = resident_mb()
    statuses = Counter()
    most_taken = 0
    for body in itertools.chain(pictures.mutated(NUM_MUTATED), hostile):
        answer = send(client, body)
        statuses[answer.status_code] += 1
        assert answer.status_code in (201, 413, 415, 422, 503), answer.text
        assert b"Traceback" not in answer.content
        most_taken = max(most_taken, taken_by_decoder(service))
    growth = resident_mb() - before
    record_property("the server grew by, MB", growth)
    record_property("the decoder took, MB", most_taken)
    assert statuses.total() == NUM_MUTATED + len(hostile)
    assert statuses[201] > 50
    assert statuses[422] > 50
    assert growth < MOST_GROWTH
    assert most_taken < MOST_OF_DECODER
    assert send(client, PLAIN).status_code == 201


def taken_by_decoder(service):
    process = service.uploads._decoder._process
    return resident_mb(process.pid, "VmHWM") if process and process.poll() is None else 0


def test_callers_at_once_are_answered(client):
    statuses = []

    def call():
        for _ in range(5):
            statuses.append(send(client, PLAIN).status_code)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 503}
    assert 201 in statuses


def test_limits_are_those_of_the_server():
    app = FastAPI()
    service = Service.of(ServeSettings({}, limits=Limits(upload_pixels=100)))
    assert service.uploads.limits.upload_pixels == 100
    service.uploads = Uploads(service.settings.limits)
    from harma.serve.problems import add_problem_handlers
    from harma.serve.routes.uploads import routes

    add_problem_handlers(app)
    app.include_router(routes(service))
    with TestClient(app) as client:
        answer = send(client, PLAIN)
    service.uploads.close()
    assert answer.status_code == 413
    assert "48×48 pixels; at most 100 are read" in answer.json()["detail"]
