"""Databases of saved searches: a file of SQLite, and a PostgreSQL where one is installed."""

import pytest
from tests.postgres import PostgresServer, binaries
from tests.searches.watched import Watched

from harma.searches.book import SearchBook
from harma.searches.database import open_beside, open_postgres

POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed here (apt-get install postgresql)")
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", POSTGRES])
def opened(request, tmp_path):
    """Opens one and the same database again and again, as processes do."""
    databases = []
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres").new_database("harma")

    def open_it():
        is_file = request.param == "sqlite"
        databases.append(open_beside(tmp_path) if is_file else open_postgres(address))
        return databases[-1]

    yield open_it
    for database in databases:
        database.close()


@pytest.fixture
def database(opened):
    return opened()


@pytest.fixture
def book(database):
    return SearchBook(database)


@pytest.fixture
def watched(tmp_path):
    """An index with two scenes: two hits over 0.5 in the first, none in the second."""
    made = Watched(tmp_path / "index")
    made.add("/scenes/a.tif", [0.9, 0.1, 0.8, 0.2], day=1)
    made.add("/scenes/b.tif", [0.1, 0.2], day=1, x=1)
    return made
