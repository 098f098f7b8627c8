"""Migrations: steps in one transaction, newer tables refused, two programs at once."""

import subprocess
import sys

import pytest
from sqlalchemy import inspect, select, text

from harma.errors import StateError
from harma.searches import migrations
from harma.searches.database import DATABASE_FILE, open_beside, open_file
from harma.searches.migrations import VERSION, bring_up_to_date, found_version
from harma.searches.tables import TABLES, VERSIONS


def version_of(database):
    with database.reading() as connection:
        return found_version(connection)


def columns_of(database):
    with database.reading() as connection:
        return {column["name"] for column in inspect(connection).get_columns("marks")}


def add_colour(connection):
    connection.execute(text("ALTER TABLE marks ADD COLUMN colour TEXT"))


def add_size(connection):
    connection.execute(text("ALTER TABLE marks ADD COLUMN size TEXT"))


STEPS = {VERSION + 1: add_colour, VERSION + 2: add_size}


def migrate(database, steps=STEPS, version=VERSION + 2):
    with database.transaction() as connection:
        bring_up_to_date(connection, version=version, steps=steps)


def test_new_tables_are_those_of_this_version(database):
    assert version_of(database) == VERSION
    with database.reading() as connection:
        assert set(inspect(connection).get_table_names()) == set(TABLES.tables)


def test_opening_again_changes_nothing(opened):
    opened()
    database = opened()
    with database.reading() as connection:
        assert connection.execute(select(VERSIONS.c.version)).all() == [(VERSION,)]


def test_steps_are_made_one_after_the_other(database):
    migrate(database)
    assert version_of(database) == VERSION + 2
    assert {"colour", "size"} <= columns_of(database)
    migrate(database)


def test_a_step_that_fails_leaves_the_old_version(database):
    def fail(connection):
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        migrate(database, {VERSION + 1: add_colour, VERSION + 2: fail})
    assert version_of(database) == VERSION
    assert "colour" not in columns_of(database)
    migrate(database)


def test_newer_tables_are_refused(opened):
    database = opened()
    with database.transaction() as connection:
        connection.execute(VERSIONS.update().values(version=VERSION + 7))
    with pytest.raises(StateError, match=f"by a newer HarMA .*version {VERSION + 7}.*update"):
        opened()


@pytest.mark.parametrize(("change", "said"), [(7, "by a newer HarMA"), (-1, "by an older HarMA")])
def test_tables_that_cannot_be_changed_must_be_of_this_version(tmp_path, change, said):
    database = open_beside(tmp_path)
    with database.transaction() as connection:
        connection.execute(VERSIONS.update().values(version=VERSION + change))
    database.close()
    with pytest.raises(StateError, match=said):
        open_file(tmp_path / DATABASE_FILE, only_reads=True)


STARTER = """
import sys, time
from pathlib import Path
from harma.searches.database import open_state
while time.time() < float(sys.argv[3]):
    pass
open_state(sys.argv[1], Path(sys.argv[2]), "archive").close()
"""


@pytest.mark.parametrize("kind", ["", pytest.param("p", marks=pytest.mark.postgres)])
def test_programs_that_start_at_once_all_succeed(kind, request, tmp_path):
    import time

    address = ""
    if kind:
        address = request.getfixturevalue("postgres").new_database("at-once")
    start = str(time.time() + 4)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, address, tmp_path, start],
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    said = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 6, said


KILLED = """
import os, sys
from pathlib import Path
from sqlalchemy import text
from harma.searches import migrations
from harma.searches.database import DATABASE_FILE, open_beside, open_file

def step(connection):
    connection.execute(text("ALTER TABLE marks ADD COLUMN colour TEXT"))
    connection.execute(text("UPDATE schema_version SET version = 99"))
    os.kill(os.getpid(), 9)

database = open_beside(Path(sys.argv[1]))
with database.transaction() as connection:
    version = migrations.VERSION + 1
    migrations.bring_up_to_date(connection, version=version, steps={version: step})
"""


def test_a_killed_migration_leaves_the_old_version(tmp_path):
    open_beside(tmp_path).close()
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    assert done.returncode == -9
    database = open_beside(tmp_path)
    assert version_of(database) == VERSION
    assert "colour" not in columns_of(database)


def test_there_is_a_step_to_every_version():
    assert sorted(migrations.STEPS) == list(range(2, VERSION + 1))
