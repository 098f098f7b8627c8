"""A server over the archive of three scenes, with the tiny model; no socket is opened."""

import pytest
from fastapi.testclient import TestClient

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
