"""The server: every operation with odd methods, addresses, headers and bodies, uploads, marks."""

import atexit
import gzip
import json
import logging
import random
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.asgi_client import Answered, AsgiClient, Asked
from tests.fuzz.edge import CLEAN, Edge, Verdict
from tests.fuzz.edges.commands import known_rows
from tests.fuzz.judging import judge_message
from tests.fuzz.made_indexes import built
from tests.fuzz.made_models import models
from tests.fuzz.meant_filters import meant_box
from tests.fuzz.odd_requests import Requests

from harma.model.opened import open_model
from harma.serve.app import make_app
from harma.serve.problems import MEDIA_TYPE
from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.settings import ServeSettings

# Least letters of what says what is wrong.
SENTENCE = 12
# What is in no answer: of files of this machine.
SECRETS = (b"root:x:", b"daemon:")


@dataclass
class Server:
    """A server, and what is there.

    Attributes:
        client: of it.
        requests: makes odd ones.
        folder: that nothing of may be told.
        log: what it has logged.
    """

    client: AsgiClient
    requests: Requests
    folder: Path
    log: "Log"


class Log(logging.Handler):
    """Keeps the tracebacks that are logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.lines.append(logging.Formatter().format(record))


# Of this child: it is started once.
SERVERS: list[Server] = []


def start() -> None:
    """Start a server of an index of this child's own."""
    folder = Path(tempfile.mkdtemp(prefix="served-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(built() / "index", folder / "index")
    settings = ServeSettings(
        indexes={"archive": folder / "index"}, has_metrics=True, can_notify=False
    )
    service = Service.of(settings)
    model = open_model(models() / "plain")
    service.indexes = {"archive": ServedIndex("archive", folder / "index", model)}
    service.indexes["archive"].warm_up()
    log = Log()
    logging.getLogger().addHandler(log)
    app = make_app(service)
    client = AsgiClient(app)
    SERVERS[:] = [Server(client, Requests(_operations(app.openapi()), {}), folder, log)]
    _find_ids()


def _operations(document: Any) -> list[tuple[str, str, list[str]]]:
    """Method, path, names of parameters behind it."""
    found = []
    for path, of_path in document["paths"].items():
        for method, about in of_path.items():
            named = about.get("parameters", ())
            found.append((method, path, [one["name"] for one in named if one["in"] == "query"]))
    return found


def _find_ids() -> None:
    """What is there now: some requests take away what they are of."""
    server = SERVERS[0]
    there = server.requests.there
    if there and _ask("GET", f"/v1/searches/{there['search']}").status == 200:
        return
    found = json.loads(_ask("GET", "/v1/indexes/archive/search?q=a").body)
    hit = found["features"][0]
    body = {"index": "archive", "name": "roofs", "asked": {"text": "a roof"}}
    search = json.loads(_ask("POST", "/v1/searches", body).body)["id"]
    _ask("PUT", f"/v1/searches/{search}/marks", {"marks": [{"chip": hit["id"], "mark": "good"}]})
    _ask("PUT", f"/v1/searches/{search}/watch", {"standing": "likely"})
    server.requests.there = {
        "index": "archive",
        "collection": "archive",
        "chip": hit["id"],
        "item": hit["id"],
        "query": found["query_id"],
        "source": hit["properties"]["source"],
        "search": search,
        "number": "1",
        "file": "index.html",
        **{"z": "14", "x": "8601", "y": "5898"},
    }


def _ask(method: str, target: str, body: Any = None) -> Answered:
    asked = Asked(method, target, [(b"host", b"localhost")])
    if body is not None:
        asked.headers.append((b"content-type", b"application/json"))
        asked.body = [json.dumps(body).encode()]
    return SERVERS[0].client.ask(asked)


def make(chance: random.Random, folder: Path) -> list[Asked] | tuple[Any, Asked]:
    """Some odd requests, or one for chips of a place that is known."""
    _find_ids()
    if chance.random() < 0.1:
        return _known(chance)
    return [SERVERS[0].requests.odd(chance, folder) for _ in range(3)]


def _known(chance: random.Random) -> tuple[Any, Asked]:
    box, meaning = meant_box(chance, known_rows())
    target = f"/collections/archive/items?limit=100&bbox={','.join(map(str, box))}"
    return meaning, Asked("GET", target, [(b"host", b"localhost")])


def judge(folder: Path, made: list[Asked] | tuple[Any, Asked]) -> Verdict | None:
    """Ask, and look at each answer."""
    if isinstance(made, tuple):
        return _compared(*made)
    refused = None
    for asked in made:
        server = SERVERS[0]
        server.log.lines.clear()
        answered = server.client.ask(asked)
        verdict = _judge_answer(asked, answered)
        if verdict is not None and verdict.kind != CLEAN:
            logged = "\n".join(server.log.lines)
            verdict.detail = (
                f"{asked!r}\n{answered.status} {answered.body[:2000]!r}\n{logged[-6000:]}"
            )
            return verdict
        refused = refused or verdict
    return refused


def _judge_answer(asked: Asked, answered: Answered) -> Verdict | None:
    body = answered.body
    if answered.headers.get("content-encoding", "") == "gzip":
        body = gzip.decompress(body)
    told = [*SECRETS, str(SERVERS[0].folder).encode(), str(models()).encode()]
    if any(secret in body for secret in told):
        return Verdict("silent", "an answer tells of files of the server")
    if answered.status >= 500:
        cause = (SERVERS[0].log.lines or [""])[-1].splitlines()[-1:]
        return Verdict("traceback", f"{answered.status} {' '.join(cause)}"[:100])
    if answered.status < 200:
        return Verdict("wrong", f"no answer ({answered.status})")
    if answered.status >= 400:
        return _judge_problem(asked, answered, body)
    return _judge_right(answered, body)


def _judge_problem(asked: Asked, answered: Answered, body: bytes) -> Verdict | None:
    if asked.method == "HEAD":
        return None
    if answered.headers.get("content-type") != MEDIA_TYPE:
        return Verdict("vague", f"{answered.status} without a problem document")
    problem = json.loads(body)
    if problem["status"] != answered.status or len(problem["detail"]) < SENTENCE:
        return Verdict("vague", f"{answered.status} says nothing")
    return judge_message(problem["detail"], [])


def _judge_right(answered: Answered, body: bytes) -> Verdict | None:
    kind = answered.headers.get("content-type", "")
    if "json" in kind and body:
        json.loads(body.decode(), parse_constant=_refused)
    if kind.startswith("text/html") and b"<script>alert" in body:
        return Verdict("wrong", "a page holds what was sent as it was sent")
    return None


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _compared(meaning: Any, asked: Asked) -> Verdict | None:
    answered = SERVERS[0].client.ask(asked)
    found = {item["id"] for item in json.loads(answered.body)["features"]}
    told = {row["id"]: meaning(row) for row in known_rows()}
    if {chip for chip, is_meant in told.items() if is_meant} - found:
        return Verdict("silent", "items of a place are not found", repr(asked))
    if {chip for chip, is_meant in told.items() if is_meant is False} & found:
        return Verdict("wrong", "items of another place are found", repr(asked))
    return None


EDGE = Edge("http", make, judge, share=8, each=100, start=start)
