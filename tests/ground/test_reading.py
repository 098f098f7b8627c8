"""Reading YAML and logs."""

import pytest

from harma.errors import ConfigError
from harma.ground.files import write_json
from harma.ground.reading import read_events, read_yaml


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
    (tmp_path / "d.yaml").write_text("a: &a {x: 1}\nb: &b {y: 2}\nc: {<<: *a, <<: *b}\n")
    assert read_yaml(tmp_path / "d.yaml", "it")["c"] == {"x": 1, "y": 2}
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
