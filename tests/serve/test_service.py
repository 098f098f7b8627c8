"""What all routes share."""

import pytest

from harma.errors import NotFoundError
from harma.serve.service import Service
from harma.serve.settings import ServeSettings


def test_indexes_know_how_they_are_served(tmp_path):
    settings = ServeSettings(
        indexes={"a": tmp_path / "a", "b": tmp_path / "b"}, state="elsewhere", is_read_only=True
    )
    service = Service.of(settings)
    assert list(service.indexes) == ["a", "b"]
    for index in service.indexes.values():
        assert (index.kept_in, index.only_reads, index.state) == ("elsewhere", True, "loading")
    assert service.index("a").directory == tmp_path / "a"
    with pytest.raises(NotFoundError, match="there is no index c; see /v1/indexes"):
        service.index("c")


def test_uploads_are_among_what_is_counted_and_ended():
    service = Service.of(ServeSettings(indexes={}))
    assert service.upload_work in service.queues
    service.close()
    for queue in service.queues:
        with pytest.raises(RuntimeError, match="shutdown"):
            queue._pool.submit(print)


def test_marks_do_not_wait_for_searches():
    service = Service.of(ServeSettings(indexes={}))
    assert service.saved_work is not service.search_work
    assert {service.saved_work, service.search_work, service.tile_work} <= set(service.queues)
