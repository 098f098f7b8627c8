"""The lock of a directory."""

import subprocess
import sys

import pytest

from harma.errors import BusyError
from harma.ground.lock import LOCK_FILE, locked


def test_a_second_writer_is_refused_and_a_later_one_is_not(tmp_path):
    directory = tmp_path / "made" / "here"
    with (
        locked(directory, "training in"),
        pytest.raises(BusyError, match=f"another process is training in {directory}; wait for it"),
        locked(directory, "training in"),
    ):
        pass
    assert [path.name for path in directory.iterdir()] == [LOCK_FILE]
    with locked(directory, "training in"):
        pass


def test_an_error_gives_the_lock_back(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path, "writing"):
        raise KeyError
    with locked(tmp_path, "writing"):
        pass


def test_a_killed_process_gives_the_lock_back(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from harma.ground.lock import locked\n"
        "with locked(Path(sys.argv[1]), 'writing'): os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == 9
    with locked(tmp_path, "writing"):
        pass
