"""A server over the archive of three scenes, with the tiny model; no socket is opened."""

import pytest
from fastapi.testclient import TestClient

from harma.index.split import Sharding, split_index
from harma.serve.app import make_app
from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.settings import ServeSettings


@pytest.fixture
def archive(write_scenes, build_index, tmp_path):
    """Directory of an index of three scenes with 27 chips, made by a real build."""
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    return tmp_path / "index"


@pytest.fixture
def make_service(archive, model):
    """Make a service of the archive, with settings of one's own; it is ready."""

    def make(**options):
        settings = ServeSettings(indexes={"archive": archive}, **options)
        service = Service.of(settings)
        service.indexes = {"archive": ServedIndex("archive", archive, model[0])}
        for index in service.indexes.values():
            index.warm_up()
        return service

    return make


@pytest.fixture
def service(make_service):
    """A service of the archive, as it is usually started."""
    return make_service()


@pytest.fixture
def make_client():
    """Make a client of a service."""

    def make(service, **options):
        return TestClient(make_app(service), base_url="http://localhost", **options)

    return make


@pytest.fixture
def client(service, make_client):
    """A client of the server, which is ready."""
    return make_client(service)


@pytest.fixture
def shards(archive, tmp_path):
    """Directories of two indexes with the chips of the archive: of two scenes, and of one."""
    split_index(
        archive,
        tmp_path / "shards",
        Sharding("source", patterns={"later": "*scene2_*", "first": "*"}),
    )
    return tmp_path / "shards" / "first", tmp_path / "shards" / "later"


@pytest.fixture
def grouped(archive, shards):
    """A service of the archive, of its shards as one (world), and of the later one apart."""
    settings = ServeSettings(
        indexes={"archive": archive, "later": shards[1]},
        groups={"world": shards},
        hosts=("testserver",),
    )
    service = Service.of(settings)
    for index in service.looked_at:
        index.warm_up()
    yield service
    service.close()
