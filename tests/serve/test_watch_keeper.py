"""The server runs watches itself."""

import threading
import time

import pytest

from harma.errors import StorageError
from harma.searches.events import read_events
from harma.searches.records import Watch
from harma.searches.watches import WatchBook
from harma.searches.watching import run_watch, run_watches
from harma.serve import watch_keeper
from harma.serve.watch_keeper import WatchKeeper, notices_of


@pytest.fixture
def watched(service):
    """The served index, and the id of a saved search that is watched for all there is."""
    index = service.index("archive")
    search = index.searches.create("roofs", {"text": "a red roof"}).id
    WatchBook(index.searches.database).put(Watch(search, None, -1))
    run_watch(index.index, index.searches, search)
    return index, search


@pytest.fixture
def added(write_scenes, build_index, tmp_path):
    """Adds a scene of nine chips."""

    def add(first):
        write_scenes(tmp_path / "scenes", 1, first=first)
        build_index(tmp_path / "scenes")

    return add


def num_events(watched):
    index, search = watched
    return len(read_events(index.searches.database, search))


def test_a_new_version_is_looked_at_once(service, watched, added, monkeypatch):
    keeper = WatchKeeper(service)
    keeper.look(watched[0])
    assert num_events(watched) == 0
    added(3)
    watched[0].refresh()
    keeper.look(watched[0])
    assert num_events(watched) == 9
    monkeypatch.setattr(watch_keeper, "run_watches", lambda *_: pytest.fail("nothing is new"))
    keeper.look(watched[0])


def test_what_the_command_has_told_is_not_told_again(service, watched, added):
    added(3)
    runs = list(run_watches(watched[0].index, watched[0].searches))
    assert [len(run.events) for run in runs] == [9]
    watched[0].refresh()
    WatchKeeper(service).look(watched[0])
    assert num_events(watched) == 9


def test_what_goes_wrong_is_tried_again(service, watched, added, monkeypatch, caplog):
    keeper = WatchKeeper(service)
    added(3)
    watched[0].refresh()

    def full(*_):
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(watch_keeper, "run_watches", full)
        keeper.look(watched[0])
    assert "cannot be run" in caplog.text
    keeper.look(watched[0])
    assert num_events(watched) == 9


def test_it_runs_while_the_server_does(service, watched, added, make_client, monkeypatch):
    monkeypatch.setattr(watch_keeper.WatchKeeper.__init__, "__kwdefaults__", {"interval_s": 0.05})
    added(3)
    with make_client(service):
        patience = time.monotonic() + 30
        while num_events(watched) < 9 and time.monotonic() < patience:
            time.sleep(0.05)
    assert num_events(watched) == 9


@pytest.mark.parametrize("options", [{"runs_watches": False}, {"is_read_only": True}])
def test_it_can_be_left_to_others(make_service, options):
    before = threading.active_count()
    WatchKeeper(make_service(**options), interval_s=0.01).start()
    assert threading.active_count() == before


def test_a_server_can_be_started_again(service, make_client):
    client = make_client(service)
    for _ in range(2):
        with client:
            assert client.get("/healthz").status_code == 200


def test_an_index_that_is_not_ready_is_left_alone(service, watched):
    watched[0].state = "loading"
    keeper = WatchKeeper(service)
    keeper.look(watched[0])
    assert keeper._versions == {}


def test_who_may_be_told(make_service, tmp_path, monkeypatch):
    monkeypatch.delenv("HARMA_WEBHOOK_SECRET", raising=False)
    file = tmp_path / "secret"
    file.write_text("0123456789abcdef\n")
    settings = make_service(
        webhook_hosts=("hooks.example.org",), webhook_secret_file=file, can_notify=True
    ).settings
    notices = notices_of(settings)
    assert notices.webhook_hosts == ("hooks.example.org",)
    assert notices.secret == b"0123456789abcdef"
    assert notices.can_notify
    assert not notices_of(make_service().settings).can_notify
