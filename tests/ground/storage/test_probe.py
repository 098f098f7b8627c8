"""The probe of a store: one that lets a second conditional put through is refused."""

import pytest

from harma.errors import StorageError
from harma.ground.storage.home import home_of
from harma.ground.storage.lease import writing
from harma.ground.storage.probe import check_store, insist, is_insisted


@pytest.fixture
def home(bucket):
    return home_of(f"{bucket.address}/index")


def test_a_store_that_refuses_is_taken(home, bucket):
    check_store(home)
    assert bucket.keys() == [], "nothing is left"


def test_a_store_that_lets_it_through_is_refused(home, bucket):
    bucket.server.honours = False
    with pytest.raises(StorageError, match=r"lets a second conditional put through.*MinIO.*--sing"):
        check_store(home)
    with pytest.raises(StorageError, match="conditional put"):
        writing(home, "writing").__enter__()
    assert bucket.keys() == []


def test_a_store_that_compares_no_etags_is_refused(home, bucket):
    def drop(method, path, environ):
        environ.pop("HTTP_IF_MATCH", None)

    bucket.server.refuses = drop
    with pytest.raises(StorageError, match="does not compare ETags"):
        check_store(home)


def test_who_insists_writes_all_the_same(home, bucket):
    bucket.server.honours = False
    insist(home)
    assert is_insisted(home)
    with writing(home, "writing") as check:
        check()


def test_a_folder_needs_no_probe(tmp_path):
    check_store(home_of(tmp_path))
    assert list(tmp_path.iterdir()) == []
