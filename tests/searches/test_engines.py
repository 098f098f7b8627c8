"""Connections to SQLite and PostgreSQL."""

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from harma.searches import engines
from harma.searches.engines import empty_engine, postgres_engine, reader_of, sqlite_engine


def test_the_log_is_switched_on_while_another_does_so(tmp_path, monkeypatch):
    """SQLite says at once that it is locked; it is tried again."""
    tries = []

    class Connection:
        def execute(self, statement):
            tries.append(statement)
            if len(tries) < 4:
                raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(engines, "_PAUSE_S", 0)
    engines._use_wal(Connection())
    assert len(tries) == 4


def test_other_errors_are_not_tried_again(monkeypatch):
    class Connection:
        def execute(self, statement):
            raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
        engines._use_wal(Connection())


def test_a_fixed_file_cannot_be_written(tmp_path):
    file = tmp_path / "x.sqlite"
    engine = sqlite_engine(file)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    engine.dispose()
    with reader_of(sqlite_engine(file, is_fixed=True)).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
        with pytest.raises(OperationalError, match="readonly"):
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")


def test_an_empty_database_has_all_tables():
    with empty_engine().connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM marks").scalar() == 0


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_both_names_of_postgresql(scheme):
    engine = postgres_engine(f"{scheme}://me@host/x")
    assert engine.url.drivername == "postgresql+psycopg"
