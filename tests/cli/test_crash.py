"""Crash reports: what they say, and what not."""

import platform

import pytest

from harma.cli.crash import crash_report, told_traceback, without_secrets
from harma.ground.version import __version__


def raised(error):
    try:
        raise error
    except BaseException as caught:
        return caught


def test_a_report_names_versions_command_and_place():
    lines = crash_report(raised(KeyError("bands")), ["index", "add", "a", "b c"]).splitlines()
    assert lines[0] == "error: this is a bug of HarMA: KeyError: 'bands'"
    assert "test_crash.py:" in lines[1]
    assert "raised" in lines[1]
    assert f"HarMA {__version__}, Python {platform.python_version()}" in lines[2]
    assert lines[3] == "  command  harma index add a 'b c'"
    assert "--debug" in lines[4]
    assert "report it" in lines[4]


def test_long_errors_and_errors_without_words_are_short():
    told = crash_report(raised(ValueError("x" * 10_000 + "\n" * 50)), [])
    assert len(told) < 1500
    assert len(told.splitlines()) == 5
    assert "bug of HarMA: AssertionError: AssertionError" in crash_report(AssertionError(), [])


@pytest.mark.parametrize(
    "told",
    [
        "https://me:hunter22@host/a.tif",
        "s3://bucket/a?X-Amz-Signature=hunter22&x=1",
        "az://c/a?sv=1&sig=hunter22",
        "the key hunter22 is refused",
        "harma watch add s --webhook https://hooks.host/T1/hunter22",
        "harma watch add s '--webhook=https://hooks.host/T1/hunter22'",
    ],
)
def test_secrets_are_left_out(told, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")
    for text in (
        without_secrets(told),
        crash_report(raised(RuntimeError(told)), told.split()),
        told_traceback(raised(RuntimeError(told))),
    ):
        assert "hunter22" not in text


def test_short_values_of_the_environment_are_no_secrets(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "abc")
    monkeypatch.setenv("EDITOR", "editors")
    assert without_secrets("abc editors") == "abc editors"


def test_folders_of_the_machine_are_not_told(tmp_path):
    (tmp_path / "odd.py").write_text("def fail():\n    raise ZeroDivisionError('x')\n")
    code = compile((tmp_path / "odd.py").read_text(), str(tmp_path / "odd.py"), "exec")
    names = {}
    exec(code, names)
    with pytest.raises(ZeroDivisionError) as caught:
        names["fail"]()
    told = crash_report(caught.value, [])
    assert "odd.py:2 fail" in told
    assert str(tmp_path) not in told
