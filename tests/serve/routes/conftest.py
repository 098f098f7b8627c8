"""A server over scenes of all kinds of places and dates."""

import pytest
from tests.serve.mixed import LiveServer, write_mixed

from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.settings import ServeSettings


@pytest.fixture(scope="module")
def mixed_archive(tmp_path_factory, model):
    """Directory of an index of all of them, made by a real build; do not change it."""
    from harma.index.build import build, default_settings
    from harma.scenes.reading import Reading
    from harma.scenes.sources import find_scenes
    from harma.scenes.windows import Tiling

    folder = tmp_path_factory.mktemp("mixed")
    loaded, name = model
    settings = default_settings(
        loaded, name, None, tiling=Tiling(size=32), reading=Reading(), max_nodata=0.5
    )
    scenes = find_scenes([write_mixed(folder / "scenes")])
    build(folder / "index", scenes, loaded, settings, num_workers=0)
    return folder / "index"


@pytest.fixture(scope="module")
def mixed_service(mixed_archive, model):
    """A service of it, ready."""
    service = Service.of(ServeSettings(indexes={"mixed": mixed_archive}))
    service.indexes = {"mixed": ServedIndex("mixed", mixed_archive, model[0])}
    service.indexes["mixed"].warm_up()
    return service


@pytest.fixture(scope="module")
def mixed_server(mixed_service):
    """Address of a server of it, which a socket reaches."""
    server = LiveServer(mixed_service)
    yield server.base
    server.close()
