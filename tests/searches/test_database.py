"""The database of saved searches: two kinds, one behaviour; what is answered is on disk."""

import datetime as dt
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest
from sqlalchemy import select

from harma.errors import BusyError, ConfigError, StateError
from harma.searches import database as databases
from harma.searches import engines
from harma.searches.book import SearchBook
from harma.searches.database import DATABASE_FILE, now, open_beside, open_file, open_state
from harma.searches.records import Mark
from harma.searches.tables import SEARCHES


def row(name="a", **columns):
    usual = {
        "id": name,
        "index_name": "",
        "name": "harbours",
        "asked": {"text": "a harbour"},
        "model": "",
        "is_draft": False,
        "version": 1,
        "created": now(),
        "changed": now(),
        "who": "",
    }
    return usual | columns


def ids(database):
    with database.reading() as connection:
        return sorted(connection.execute(select(SEARCHES.c.id)).scalars())


def keep(database, name):
    with database.transaction() as connection:
        connection.execute(SEARCHES.insert().values(row(name)))


# -- transactions ---------------------------------------------------------------------------------


def test_all_of_a_transaction_is_kept_or_nothing(opened):
    database = opened()
    keep(database, "a")

    def fail():
        with database.transaction() as connection:
            connection.execute(SEARCHES.insert().values(row("b")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ids(database) == ["a"]
    assert ids(opened()) == ["a"]


def test_moments_come_back_in_utc(database):
    moment = dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    with database.transaction() as connection:
        connection.execute(SEARCHES.insert().values(row(created=moment)))
    with database.reading() as connection:
        found = connection.execute(select(SEARCHES.c.created)).scalar_one()
    assert found == moment
    assert found.utcoffset() == dt.timedelta(0)


def test_a_reader_does_not_wait_for_a_writer_and_sees_one_moment(opened):
    writer = opened()
    reader = opened()
    keep(writer, "a")
    with writer.transaction() as connection:
        connection.execute(SEARCHES.insert().values(row("b")))
        assert ids(reader) == ["a"]
    with reader.reading() as connection:
        query = select(SEARCHES.c.id)
        before = sorted(connection.execute(query).scalars())
        keep(writer, "c")
        assert sorted(connection.execute(query).scalars()) == before == ["a", "b"]


def test_threads_share_a_database(database):
    def work(number):
        for i in range(10):
            keep(database, f"{number}-{i}")

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids(database)) == 40


# -- a file of SQLite -----------------------------------------------------------------------------


def test_a_file_beside_the_index_is_synchronised_at_each_commit(tmp_path):
    database = open_beside(tmp_path)
    assert (tmp_path / "searches.sqlite").is_file()
    with database.reading() as connection:
        for pragma, value in (("synchronous", 2), ("foreign_keys", 1), ("journal_mode", "wal")):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    database.close()
    # The log is brought into the file by whoever closes it last, so that it can be copied.
    assert [path.name for path in tmp_path.iterdir()] == ["searches.sqlite"]


def test_odd_names_of_folders(tmp_path):
    folder = tmp_path / "50% ?mode=ro#x 'é"
    folder.mkdir()
    keep(open_beside(folder), "a")
    assert (folder / DATABASE_FILE).is_file()
    assert ids(open_beside(folder)) == ["a"]


def test_a_damaged_file_is_told_of(tmp_path):
    (tmp_path / DATABASE_FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(StateError, match="is damaged .*put a copy of it back") as caught:
        open_beside(tmp_path)
    assert caught.value.source == str(tmp_path / DATABASE_FILE)
    assert str(tmp_path) not in caught.value.problem


def test_damage_in_the_middle_is_told_of(tmp_path):
    database = open_beside(tmp_path)
    book = SearchBook(database)
    for _ in range(200):
        book.create("harbours", {"text": "a harbour" * 20})
    database.close()
    file = tmp_path / DATABASE_FILE
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    file.write_bytes(content)
    with pytest.raises(StateError, match="is damaged"):
        SearchBook(open_beside(tmp_path)).all()


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(StateError, match="no such directory"):
        open_beside(tmp_path / "none")


@pytest.fixture
def no_rights(monkeypatch):
    """Nothing may be written, whoever runs the tests: root may always."""
    monkeypatch.setattr(databases, "_is_writable", lambda file: False)


def test_a_folder_that_cannot_be_written_is_read(tmp_path, no_rights):
    database = open_beside(tmp_path)
    assert ids(database) == []
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StateError, match="name another place for them with --state"):
        keep(database, "a")


def test_a_file_that_cannot_be_written_is_read(tmp_path, monkeypatch):
    database = open_beside(tmp_path)
    keep(database, "a")
    database.close()
    monkeypatch.setattr(databases, "_is_writable", lambda file: False)
    database = open_beside(tmp_path)
    assert ids(database) == ["a"]
    with pytest.raises(StateError, match="--state"):
        keep(database, "b")
    assert [path.name for path in tmp_path.iterdir()] == [DATABASE_FILE]


def test_who_only_reads_makes_nothing(tmp_path):
    assert ids(open_file(tmp_path / DATABASE_FILE, only_reads=True)) == []
    assert ids(open_state(str(tmp_path), tmp_path, "other", only_reads=True)) == []
    assert list(tmp_path.iterdir()) == []
    writer = open_beside(tmp_path)
    reader = open_file(tmp_path / DATABASE_FILE, only_reads=True)
    keep(writer, "a")
    # What others write is seen.
    assert ids(reader) == ["a"]
    with pytest.raises(StateError, match="are only read here"):
        keep(reader, "b")


@pytest.mark.postgres
def test_who_only_reads_a_postgresql(postgres):
    address = postgres.new_database("reads")
    with pytest.raises(StateError, match="no tables of saved searches"):
        databases.open_postgres(address, only_reads=True)
    keep(databases.open_postgres(address), "a")
    reader = databases.open_postgres(address, only_reads=True)
    assert ids(reader) == ["a"]
    with pytest.raises(StateError, match="are only read here"):
        keep(reader, "b")


def test_what_cannot_be_opened_is_let_go(tmp_path, monkeypatch):
    let_go = []
    make = databases.sqlite_engine

    def made(file, **options):
        engine = make(file, **options)
        monkeypatch.setattr(engine, "dispose", lambda: let_go.append(engine))
        return engine

    (tmp_path / DATABASE_FILE).write_bytes(b"no database" * 100)
    monkeypatch.setattr(databases, "sqlite_engine", made)
    with pytest.raises(StateError, match="is damaged"):
        open_beside(tmp_path)
    assert len(let_go) == 1


def test_a_log_that_was_left_cannot_be_read_there(tmp_path, monkeypatch):
    keep(open_beside(tmp_path), "a")
    monkeypatch.setattr(databases, "_is_writable", lambda file: False)
    with pytest.raises(StateError, match="make the directory writable once"):
        open_beside(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
def test_a_folder_of_somebody_else(tmp_path):
    program = (
        "import os, sys; from pathlib import Path\n"
        "import harma.searches.database as databases; from harma.errors import StateError\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "database = databases.open_beside(Path(sys.argv[1]))\n"
        "try:\n"
        "    with database.transaction(): pass\n"
        "except StateError as error: print(error.problem)\n"
    )
    # pytest keeps its folders to itself; a process of several has one more.
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & stat.S_IXOTH == 0:
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False
    )
    assert "is not writable; name another place" in done.stdout, done.stderr


def test_who_writes_too_long_is_waited_for_in_vain(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "PATIENCE_S", 0.2)
    monkeypatch.setattr(databases, "PATIENCE_S", 0.2)
    database = open_beside(tmp_path)
    other = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BusyError, match="another program has written"):
        keep(database, "a")
    # Reading goes on.
    assert ids(database) == []
    other.execute("ROLLBACK")
    keep(database, "a")


def test_a_full_disk_is_told_of(tmp_path):
    database = open_beside(tmp_path)

    def fill():
        with database.transaction() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1")
            connection.execute(SEARCHES.insert().values(row(asked={"text": "x" * 10**6})))

    with pytest.raises(StateError, match=r"is full .* and this was not kept; make room"):
        fill()
    assert ids(database) == []


# -- elsewhere ------------------------------------------------------------------------------------


def test_a_directory_of_files(tmp_path):
    folder = tmp_path / "state"
    for name in ("north", "south"):
        database = open_state(str(folder), tmp_path / "index", name)
        keep(database, name)
        assert not database.is_shared
    assert sorted(path.name for path in folder.glob("*.sqlite")) == ["north.sqlite", "south.sqlite"]
    assert ids(open_state(str(folder), tmp_path / "index", "south")) == ["south"]


def test_no_address_is_beside_the_index(tmp_path):
    assert open_state("", tmp_path, "x").place == str(tmp_path / DATABASE_FILE)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 200, "a b"])
def test_names_that_are_no_file(tmp_path, name):
    with pytest.raises(ConfigError, match="needs a name of letters"):
        open_state(str(tmp_path), tmp_path, name)


@pytest.mark.parametrize("address", ["mysql://me:secret@host/x", "s3://bucket/x"])
def test_other_addresses(tmp_path, address):
    with pytest.raises(ConfigError, match="cannot be kept in") as caught:
        open_state(address, tmp_path, "x")
    assert "secret" not in str(caught.value)


def test_a_file_in_the_place_of_the_directory(tmp_path):
    (tmp_path / "state").write_text("x")
    with pytest.raises(StateError, match="cannot be made"):
        open_state(str(tmp_path / "state"), tmp_path, "x")


def test_a_postgresql_that_does_not_answer():
    with pytest.raises(StateError, match="does not answer as it should") as caught:
        databases.open_postgres("postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" not in caught.value.problem


def test_an_address_of_postgresql_that_is_none():
    with pytest.raises(ConfigError, match="postgresql://USER:PASSWORD@HOST:PORT/NAME"):
        databases.open_postgres("postgresql://host:port/x")


@pytest.mark.postgres
def test_a_postgresql_that_was_started_again(postgres):
    database = databases.open_postgres(postgres.new_database("again"))
    keep(database, "a")
    postgres.stop(signal.SIGINT)
    with pytest.raises(StateError):
        ids(database)
    postgres.start()
    assert ids(database) == ["a"]


# -- many at once, and killed ---------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from harma.searches.book import SearchBook
from harma.searches.records import Mark

directory, state, search, name = sys.argv[1:]
book = SearchBook.open(Path(directory), state=state)
for number in range(int(10**9)):
    book.put_marks(search, [Mark(f"{name}-{number}", "good")])
    print(number, flush=True)
    if name.startswith("few") and number == 24:
        break
"""


@pytest.fixture(params=["", pytest.param("postgresql", marks=pytest.mark.postgres)])
def state(request):
    if not request.param:
        return ""
    return request.getfixturevalue("postgres").new_database("killed")


def writer(directory, state, search, name):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, directory, state, search, name],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_write_at_once_lose_nothing(tmp_path, state):
    with SearchBook.open(tmp_path, state=state) as book:
        search = book.create("harbours", {"text": "a harbour"}).id
        running = [writer(tmp_path, state, search, f"few{i}") for i in range(4)]
        for process in running:
            process.communicate(timeout=120)
            assert process.returncode == 0
        assert len(book.marks(search)) == 100
        assert book.get(search).version == 101


@pytest.mark.slow
def test_no_answered_mark_is_lost_when_its_writer_is_killed(tmp_path, state):
    with SearchBook.open(tmp_path, state=state) as book:
        search = book.create("harbours", {"text": "a harbour"}).id
        for life in range(12):
            process = writer(tmp_path, state, search, str(life))
            answered = -1
            try:
                # Killed right after an answer, each time later.
                while answered < 3 * life:
                    answered = int(process.stdout.readline())
            finally:
                process.kill()
            # What it had said before it was gone counts too.
            rest = process.communicate(timeout=60)[0].split()
            answered = max([answered, *map(int, rest)])
            kept = {mark.chip for mark in book.marks(search)}
            assert {f"{life}-{number}" for number in range(answered + 1)} <= kept


def test_many_open_a_new_file_at_once(tmp_path):
    failures = []

    def work(number):
        try:
            keep(open_file(tmp_path / "new.sqlite"), str(number))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(ids(open_file(tmp_path / "new.sqlite"))) == 16


def test_a_mark_is_a_record():
    assert Mark("x", "good").earlier == ()
