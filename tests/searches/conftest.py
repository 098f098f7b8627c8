"""Databases of saved searches: a file of SQLite, and a PostgreSQL where one is installed."""

import pytest
from tests.postgres import PostgresServer, binaries

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
