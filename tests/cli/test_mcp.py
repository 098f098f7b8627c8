"""`harma mcp`: what it is started with."""

import pytest

from harma.cli import main

pytest.importorskip("mcp")


@pytest.fixture
def served(monkeypatch):
    """What is served, in place of serving it."""
    calls = []
    monkeypatch.setattr(
        "harma.serve.mcp.serve_stdio", lambda service, **options: calls.append((service, options))
    )
    return calls


@pytest.fixture
def archive(write_scenes, build_index, tmp_path):
    write_scenes(tmp_path / "scenes", 1)
    build_index(tmp_path / "scenes")
    return tmp_path / "index"


def test_it_reads_only_unless_told_otherwise(archive, served, tmp_path):
    assert main(["mcp", str(archive)]) == 0
    assert main(["mcp", f"coast={archive}", "--write", "--state", str(tmp_path / "state")]) == 0
    (first, reading), (second, writing) = served
    assert reading == {"may_write": False}
    assert first.settings.is_read_only
    assert list(first.indexes) == ["index"]
    assert first.settings.limits.k == 50
    assert writing == {"may_write": True}
    assert list(second.indexes) == ["coast"]
    assert second.settings.state == str(tmp_path / "state")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere"),
        (["a b=nowhere"], "is no id of an index"),
        (["x=one", "two/x"], "two indexes are called x"),
    ],
)
def test_what_cannot_be_served_is_said(words, said, served, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["mcp", *words]) == 2
    assert said in capsys.readouterr().err
    assert served == []
