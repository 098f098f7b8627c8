"""A server of an index in a bucket, whose scenes lie in the bucket too: as a person starts it."""

import json
import time
import urllib.request

import pytest
from tests.bucket_process import far_bucket, server_process  # noqa: F401
from tests.serving import PATIENCE, ServerProcess

from harma.index.index import Index

pytestmark = pytest.mark.slow


@pytest.fixture
def place(far_bucket, write_scenes, build_index, tmp_path):  # noqa: F811
    """The index of three scenes with 27 chips."""
    for path in write_scenes(tmp_path / "scenes", 3):
        far_bucket.upload(path, f"scenes/{path.name}")
    address = f"{far_bucket.address}/archive"
    build_index(f"{far_bucket.address}/scenes/", directory=address)
    return address


def told(server, path, body=None):
    status, text = server.ask(path, body=body)
    assert status == 200, (path, text, server.log.read_text())
    return json.loads(text)


def picture(server, path):
    """The first bytes of a picture."""
    with urllib.request.urlopen(server.base + path, timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("image/")
        return answer.read()


def test_an_index_in_a_bucket_is_served(
    place,
    far_bucket,  # noqa: F811
    write_scenes,
    build_index,
    model,
    tmp_path,
):
    expected = Index.open(place, model=model[0]).search("a river", k=5)
    arguments = [f"archive={place}", "--state", str(tmp_path / "state")]
    with ServerProcess(arguments, tmp_path) as server:
        base = "/v1/indexes/archive"
        assert told(server, base)["chips"] == 27
        hits = told(server, f"{base}/search", {"text": "a river", "k": 5})["features"]
        assert [hit["id"] for hit in hits] == [hit.id for hit in expected]
        chip = f"{base}/chips/{hits[0]['id']}"
        assert told(server, chip)["id"] == hits[0]["id"]
        # What was kept, and what is read from its scene in the bucket.
        assert picture(server, f"{chip}/thumbnail")
        assert picture(server, f"{chip}/image")
        sources = told(server, f"{base}/sources")["sources"]
        assert len(sources) == 3
        names = sorted(source["name"] for source in sources)
        assert [name[:6] for name in names] == ["scene0", "scene1", "scene2"], names
        # What another process adds is there a little later.
        (further,) = write_scenes(tmp_path / "more", 1, first=3)
        far_bucket.upload(further, f"scenes/{further.name}")
        assert build_index(f"{far_bucket.address}/scenes/", directory=place).num_added == 9
        deadline = time.monotonic() + PATIENCE
        while told(server, base)["chips"] != 36:
            assert time.monotonic() < deadline
            time.sleep(0.5)
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "AWS_SECRET" not in log
