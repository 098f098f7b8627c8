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
        ("a: !!int ''", "not of the kind that its tag"),
        ("a: !!bool x", "not of the kind that its tag"),
        ("a: !!timestamp x", "not of the kind that its tag"),
        ("a: !!float x", "could not convert"),
        ("!!map x", "expected a mapping"),
        ("a: !!set [1]", "expected a mapping"),
        ("[" * 5000, "nested too deep"),
        ("a: " + "9" * 5000, "a number of 5,000 digits"),
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


LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 30)
)
MERGES = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LAUGHS, "more than 100,000 values"),
        (MERGES, "more than 100,000 values"),
        ("a: [" + "1, " * 100_001 + "]", "more than 100,000 values"),
        ("a:\n" + "".join(" " * i + f"b{i}:\n" for i in range(1, 150)), "nested too deep"),
        ("{a: " * 500, "nested too deep"),
        ("a: " + "1:" * 100_000 + "1", "a number of 200,001 digits"),
        ("a: 0x" + "f" * 5000, "a number of 5,002 digits"),
        ("a: " + "x" * (1 << 20), "bytes of YAML; allowed are 1,048,576"),
    ],
)
def test_yaml_that_would_take_for_ever(tmp_path, content, message):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_yaml(tmp_path / "a.yaml", "the thing")


def test_aliases_that_are_few_are_read(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a [1, 2]\nb: &b {c: *a, d: *a}\ne: [*b, *b]\n")
    pair = {"c": [1, 2], "d": [1, 2]}
    assert read_yaml(tmp_path / "a.yaml", "it")["e"] == [pair, pair]
