"""How commands end: statuses and words."""

import errno
import signal
import subprocess
import sys

import pytest

from harma.cli.endings import CommandEnd
from harma.cli.signals import Terminated
from harma.errors import DataError


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (DataError("it is damaged", source="a.tif"), 2, "error: a.tif: it is damaged"),
        (OSError(errno.EMFILE, "Too many open files", "a"), 2, "files: a; a process may open more"),
        (OSError(errno.EROFS, "Read-only file system", "a"), 2, "system: a; choose another place"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x" * 5000), 2, "characters more"),
        (OSError(errno.ENOENT, "No such file", "\x1b[2J"), 2, "file: \\x1b[2J"),
        (MemoryError(), 2, "the memory of this machine does not suffice"),
        (ModuleNotFoundError("x", name="pyproj.crs"), 2, "needs pyproj: pip install"),
        (ModuleNotFoundError("x", name="nowhere"), 70, "a bug of HarMA: ModuleNotFoundError"),
        (ZeroDivisionError("ours"), 70, "a bug of HarMA: ZeroDivisionError: ours"),
        (KeyboardInterrupt(), 130, "interrupted (SIGINT)"),
        (Terminated(), 143, "interrupted (SIGTERM)"),
    ],
)
def test_each_error_has_its_status(error, status, told, capsys):
    assert CommandEnd(["index", "add"]).told(error) == status
    assert told in capsys.readouterr().err


def test_a_library_may_make_another_error_of_an_interrupt(capsys):
    assert CommandEnd(["probe"]).told(RuntimeError("a loader died"), signal.SIGTERM) == 143
    assert "a loader died" not in capsys.readouterr().err


def test_it_is_said_once(capsys):
    ending = CommandEnd(["probe"])
    for _ in range(2):
        assert ending.interrupted(signal.SIGINT) == 130
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("error", [DataError("it is damaged"), ZeroDivisionError("ours")])
def test_debug_shows_the_traceback(error, capsys):
    for is_debug in (False, True):
        CommandEnd(["probe"], is_debug=is_debug).told(error)
        assert ("Error:" in capsys.readouterr().err) or not is_debug


@pytest.mark.parametrize("place", [0, 1, 3])
def test_debug_may_stand_anywhere(place, tmp_path):
    words = ["index", "info", str(tmp_path / "none")]
    words.insert(place, "--debug")
    done = subprocess.run(
        [sys.executable, "-m", "harma", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")


def test_what_panics_in_a_library_of_rust_is_told(capsys):
    class PanicError(BaseException):
        pass

    assert CommandEnd(["probe"]).told(PanicError("index out of bounds")) == 70
    assert "PanicError: index out of bounds" in capsys.readouterr().err
