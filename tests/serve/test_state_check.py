"""Where saved searches are kept is tried when a server starts."""

import pytest

from harma.errors import ConfigError, StateError
from harma.searches.database import DATABASE_FILE
from harma.serve.service import Service
from harma.serve.settings import ServeSettings
from harma.serve.state_check import KEPT_NOWHERE, check_state


@pytest.fixture
def said_of(archive):
    """Try a place, and give what is said."""

    def check(state="", **options):
        said = []
        service = Service.of(ServeSettings(indexes={"a": archive}, state=state, **options))
        try:
            check_state(service, said.append)
        finally:
            service.close()
        return said

    return check


@pytest.fixture
def nobody_writes(monkeypatch):
    """As on a disk that is mounted for reading."""
    monkeypatch.setattr("harma.searches.database._is_writable", lambda _: False)


def test_beside_the_index(said_of, archive):
    assert said_of() == []
    assert (archive / DATABASE_FILE).is_file()


def test_in_a_folder_that_is_made(said_of, tmp_path):
    assert said_of(str(tmp_path / "a" / "b")) == []
    assert (tmp_path / "a" / "b" / "a.sqlite").is_file()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("mysql://anna:secret@h/x", "cannot be kept in mysql://…@h/x; name a directory"),
        ("s3://bucket/x", "cannot be kept in s3://bucket/x"),
    ],
)
def test_addresses_of_another_kind(said_of, state, message):
    with pytest.raises(ConfigError) as error:
        said_of(state)
    assert message in str(error.value)
    assert "secret" not in str(error.value)


def test_a_postgresql_that_is_not_there(said_of):
    pytest.importorskip("psycopg")
    with pytest.raises(StateError, match="Connection refused") as error:
        said_of("postgresql://anna:secret@127.0.0.1:1/x")
    assert "secret" not in str(error.value)
    # Nor where nothing would be kept: nothing could be read either.
    with pytest.raises(StateError, match="does not answer as it should"):
        said_of("postgresql://anna:secret@127.0.0.1:1/x", is_read_only=True)


def test_a_file_in_place_of_a_folder(said_of, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be made"):
        said_of(str(tmp_path / "file"))


@pytest.mark.usefixtures("nobody_writes")
def test_a_named_folder_that_nobody_writes(said_of, tmp_path):
    with pytest.raises(StateError, match=f"{tmp_path}: saved searches cannot be kept: the dir"):
        said_of(str(tmp_path))
    assert said_of(str(tmp_path), is_read_only=True) == []


@pytest.mark.usefixtures("nobody_writes")
def test_beside_an_index_that_nobody_writes_searches_go_on(said_of):
    assert said_of() == [f"a: {KEPT_NOWHERE}"]
    assert said_of(is_read_only=True) == []


def test_beside_an_index_what_is_damaged_is_said(said_of, archive):
    (archive / DATABASE_FILE).write_bytes(b"x" * 5000)
    (said,) = said_of()
    assert "is damaged" in said
    assert str(archive) not in said
