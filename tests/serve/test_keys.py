"""Keys: shown once, kept as hashes, read again."""

import pytest

from harma.errors import ConfigError, MissingFileError
from harma.serve.keys import Keys, hash_of, make_key, read_keys


def test_a_key_is_known_by_its_hash(tmp_path):
    file = tmp_path / "keys.txt"
    anna = make_key(file, "anna")
    ben = make_key(file, "ben")
    assert anna != ben
    assert len(anna) >= 49
    text = file.read_text()
    assert anna not in text
    assert ben not in text
    assert hash_of(anna) in text
    keys = read_keys(file)
    assert keys.name_of(anna) == "anna"
    assert keys.name_of(ben) == "ben"
    for other in ("", anna[:-1], f"{anna}x", hash_of(anna), "anna", "\udcff"):
        assert keys.name_of(other) is None


def test_only_its_owner_reads_the_file(tmp_path):
    make_key(tmp_path / "keys.txt", "anna")
    assert (tmp_path / "keys.txt").stat().st_mode & 0o777 == 0o600


def test_a_new_key_takes_the_place_of_the_old(tmp_path):
    file = tmp_path / "keys.txt"
    file.write_text("# who has one\n\n")
    old = make_key(file, "anna")
    new = make_key(file, "anna")
    keys = read_keys(file)
    assert keys.name_of(old) is None
    assert keys.name_of(new) == "anna"
    assert file.read_text().startswith("# who has one\n")


@pytest.mark.parametrize("name", ["", "anna b", "anna\nben", "#", "a" * 101])
def test_names(tmp_path, name):
    with pytest.raises(ConfigError, match="is no name of a key"):
        make_key(tmp_path / "keys.txt", name)


def test_files_that_hold_none(tmp_path):
    file = tmp_path / "keys.txt"
    with pytest.raises(MissingFileError, match="--make-key"):
        read_keys(file)
    file.write_text("# nothing\n")
    with pytest.raises(ConfigError, match="holds no key"):
        read_keys(file)
    file.write_text("anna plaintext\n")
    with pytest.raises(ConfigError, match="line 1 of .* is no name and hash"):
        read_keys(file)
    assert Keys({}).name_of("x") is None
