"""Writing whole files, reading with clear errors."""

import os
from pathlib import Path

import pytest

from harma.errors import ConfigError
from harma.ground.files import (
    read_events,
    read_yaml,
    recover_directory,
    replacing_directory,
    write_json,
    write_text,
)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "text"


def test_what_is_no_file_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, what in (("pipe", "a device or pipe"), (".", "a directory")):
        with pytest.raises(ConfigError, match=f"is {what}; name a file"):
            write_text(tmp_path / name, "text")
    assert (tmp_path / "pipe").is_fifo()
    write_text(tmp_path / "file", "text")
    with (
        pytest.raises(ConfigError, match="is a file; name a directory"),
        replacing_directory(tmp_path / "file"),
    ):
        pass


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    left = tmp_path / f".best.{os.getpid()}.tmp"
    left.mkdir()
    (tmp_path / ".best.1.tmp").mkdir()
    with replacing_directory(tmp_path / "best") as temporary:
        (temporary / "x").write_text("1")
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_a_directory_replaced_half_way_is_brought_back(tmp_path):
    (tmp_path / ".best.old").mkdir()
    recover_directory(tmp_path / "best")
    assert (tmp_path / "best").is_dir()


@pytest.mark.parametrize("path", [".", "/", ""])
def test_paths_without_a_name(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recover_directory(Path(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\na: 2\n", "a is given twice"),
        ("a: [1,", "expected"),
        ("a: !!python/object:os.system {}", "could not determine a constructor"),
        ("a: &x [*x]", "Circular"),
        ("a: 2020-99-99", "month must be in"),
        ("[" * 5000, "recursion|nesting"),
        ("a: " + "9" * 5000, "integer string conversion"),
    ],
)
def test_yaml_that_cannot_be_used(tmp_path, content, message):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(
        ConfigError, match=rf"the thing .*a\.yaml is not YAML of plain values: [\s\S]*{message}"
    ):
        read_yaml(tmp_path / "a.yaml", "the thing")


def test_yaml_that_can(tmp_path):
    (tmp_path / "a.yaml").write_text("base: &b {x: 1}\nother: {<<: *b, y: 2}\n")
    assert read_yaml(tmp_path / "a.yaml", "it") == {"base": {"x": 1}, "other": {"x": 1, "y": 2}}
    with pytest.raises(FileNotFoundError):
        read_yaml(tmp_path / "b.yaml", "it")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path, "it")
    write_json(tmp_path / "c.json", {"ä": [1]})
    assert read_yaml(tmp_path / "c.json", "it") == {"ä": [1]}


def test_lines_of_a_log_that_are_no_events_are_named(tmp_path, caplog):
    (tmp_path / "log.jsonl").write_text(
        '{"event": "step", "step": 1}\n\0\0{"ev\n[1]\n{"event": "step", "step": 2}\n'
    )
    assert [event["step"] for event in read_events(tmp_path / "log.jsonl")] == [1, 2]
    assert "line 2 is no event" in caplog.text
    assert "line 3 is no event" in caplog.text
