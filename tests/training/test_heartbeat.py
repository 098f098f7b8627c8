"""Processes that hear each other beat, fail, leave and fall silent: over a store of one process."""

import pytest
from torch.distributed import HashStore

from harma.errors import TrainingError
from harma.training import heartbeat
from harma.training.heartbeat import ARRIVAL, Heartbeat, connect, wait_until


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(heartbeat, "BEAT", 0.01)


@pytest.fixture
def hearts():
    """Of three processes, the last of which never comes."""
    store = HashStore()
    beating = [Heartbeat(store, rank, 3) for rank in range(2)]
    yield beating
    for heart in beating:
        heart.stop()


def test_who_came_is_heard_and_who_did_not_is_late(hearts):
    first, _ = hearts
    second, third = first.peers
    assert wait_until(lambda: bool(second.host), 10)
    assert (third.host, str(third)) == ("", "rank 2")
    assert str(second) == f"rank 1 on {second.host}"
    assert first.late() == []
    third.silence = ARRIVAL + 1
    assert first.late() == [third]
    assert first.missed(5) == [], "late, not missed: it was never there"


def test_silence_is_counted_by_whoever_looks_and_ends_with_a_beat(hearts):
    first, other = hearts
    second = first.peers[0]
    assert wait_until(lambda: bool(second.host), 10)
    second.silence = 7
    assert wait_until(lambda: second.silence == 0, 10)
    other.stop()
    assert wait_until(lambda: other.has_ended, 10)
    beat = second.beat
    wait_until(lambda: False, 0.3)
    assert second.beat in (beat, str(int(beat) + 1).encode()), "it beats no more"
    second.silence = 7
    assert (first.missed(6), first.missed(7)) == ([second], [])


def test_the_first_failure_is_told_with_rank_and_host(hearts):
    first, second = hearts
    assert wait_until(lambda: bool(first.peers[0].host), 10)
    second.fail("failed: the disk is full")
    assert wait_until(lambda: bool(first.failure), 10)
    assert first.failure == f"rank 1 on {first.peers[0].host} failed: the disk is full"
    first.fail("something that followed")
    assert wait_until(lambda: first.has_spoken, 10)
    assert second.failure == "", "nobody is told of his own"
    first.hear()
    assert wait_until(lambda: second.peers[0].has_heard, 10)


def test_who_has_left_is_not_missed(hearts):
    first, second = hearts
    assert wait_until(lambda: bool(first.peers[0].host), 10)
    second.leave()
    assert wait_until(lambda: first.peers[0].has_left, 10)
    first.peers[0].silence = 100
    assert first.missed(5) == []


def test_a_store_that_is_gone_takes_the_first_process_with_it():
    class Gone:
        def compare_set(self, *_):
            raise RuntimeError("Broken pipe\nand more")

    heart = Heartbeat(Gone(), 2, 3)
    assert wait_until(lambda: heart.has_ended, 10)
    assert heart.lost == "Broken pipe"
    assert [peer.rank for peer in heart.missed(100)] == [0]
    assert heart.has_spoken, "there is nobody to say it to"


def test_a_first_process_that_is_not_there_is_named(monkeypatch):
    class Elsewhere:
        main_address = "127.0.0.1"
        main_port = 9
        creates_processes_externally = True

        def global_rank(self):
            return 1

    monkeypatch.setattr(heartbeat, "ARRIVAL", 1)
    with pytest.raises(TrainingError, match=r"rank 1 on \S+ does not reach the first process .*:9"):
        connect(Elsewhere(), "0/0")
