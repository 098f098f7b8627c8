"""The lease of an index in a bucket: one writer, others are told; it lapses with its holder."""

import json
import subprocess
import sys
import threading
import time

import pytest

from harma.errors import BusyError, StorageError
from harma.ground.storage import lease as leases
from harma.ground.storage.home import home_of
from harma.ground.storage.lease import LEASE_FILE, writing


@pytest.fixture
def home(bucket):
    return home_of(f"{bucket.address}/index")


@pytest.fixture
def quick(monkeypatch):
    """Leases of two seconds."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(leases, "WATCH_SECONDS", 0.1)


def held(home):
    return json.loads(home.read_text(LEASE_FILE))


def test_the_second_is_told_who_and_since_when(home):
    with writing(home, "writing the index") as check:
        check()
        with pytest.raises(
            BusyError,
            match=r"process \d+ on .* is writing the index s3://.*/index, since 20\d\d-.* UTC; wait"
            r" for it, or stop it\. If it is dead, its lease lapses in \d+ s",
        ):
            writing(home, "writing the index").__enter__()
    with writing(home, "writing the index"):
        pass
    assert held(home)["token"] == ""


def test_it_is_given_back_whatever_happens(home):
    with pytest.raises(ZeroDivisionError), writing(home, "writing"):
        raise ZeroDivisionError
    with writing(home, "writing"):
        pass


def test_it_is_renewed_as_long_as_it_is_held(home, quick):
    with writing(home, "writing") as check:
        first = held(home)["renewed"]
        time.sleep(3)
        check()
        assert held(home)["renewed"] > first + 2
        with pytest.raises(BusyError):
            writing(home, "writing").__enter__()


HOLDER = """
import os, sys, time
from harma.ground.storage import lease
from harma.ground.storage.home import home_of
lease.LEASE_SECONDS = 2.0
with lease.writing(home_of(sys.argv[1]), "writing the index"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_that_of_a_killed_process_lapses_and_is_taken_over(home, quick):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    with pytest.raises(BusyError, match=f"process {process.pid} on"):
        writing(home, "writing").__enter__()
    process.kill()
    process.wait()
    process.stdout.close()
    with pytest.raises(BusyError, match="its lease lapses in"):
        writing(home, "writing").__enter__()
    time.sleep(2)
    with writing(home, "writing") as check:
        check()


def test_a_lease_that_is_renewed_is_not_taken_whatever_the_clocks_say(home, quick, monkeypatch):
    with writing(home, "writing"):
        now = time.time
        # Our clock is an hour ahead of the holder's.
        monkeypatch.setattr(leases.time, "time", lambda: now() + 3600)
        with pytest.raises(BusyError):
            leases._Lease(home, "writing").take()
        monkeypatch.undo()


def test_of_many_that_take_a_lapsed_one_over_one_has_it(home, quick):
    lapsed = leases.Holding("t", "process 1 on x", "writing", 1.0, 1.0, 1.0)
    home.write_text(LEASE_FILE, lapsed.content().decode())
    taken = []

    def take():
        lease = leases._Lease(home, "writing")
        try:
            lease.take()
        except BusyError:
            return
        taken.append(lease)

    threads = [threading.Thread(target=take) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    taken[0].release()


def test_who_has_lost_it_hears_so_before_the_next_commit(home, quick):
    with writing(home, "writing") as check:
        home.write_text(LEASE_FILE, leases.Holding("t", "x", "y", 1.0, 1.0, 1.0).content().decode())
        time.sleep(1.2)
        with pytest.raises(StorageError, match="another process has taken over the writing"):
            check()
    assert held(home)["token"] == "t", "what is not ours is left"


def test_a_store_that_does_not_answer_for_too_long(home, quick, bucket, monkeypatch):
    monkeypatch.setattr("harma.ground.storage.objects.MAX_RETRIES", 1)
    monkeypatch.setenv("AWS_S3_ANYTHING", "another store, of which one retry is known")
    with writing(home, "writing") as check:
        bucket.server.down_until = time.monotonic() + 4
        time.sleep(2.5)
        with pytest.raises(StorageError, match="could not be renewed for 2 s"):
            check()
        bucket.server.down_until = 0


def test_what_is_no_lease_is_nobodys(home):
    home.write_text(LEASE_FILE, "garbage")
    with writing(home, "writing"):
        assert held(home)["token"]


def test_a_folder_is_locked(tmp_path):
    home = home_of(tmp_path / "index")
    with writing(home, "writing the index") as check:
        check()
        with pytest.raises(BusyError, match="another process is writing the index"):
            writing(home, "writing the index").__enter__()
    assert [path.name for path in (tmp_path / "index").iterdir()] == [".lock"]
