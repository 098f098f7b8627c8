import contextlib
import gc
import subprocess
import sys

from harma.ground.garbage import leave_garbage_at_exit, paused_collection


def test_nothing_is_collected_within():
    assert gc.isenabled()
    with paused_collection():
        assert not gc.isenabled()
        with paused_collection():
            pass
        # The outer one lasts.
        assert not gc.isenabled()
    assert gc.isenabled()


def test_also_around_a_function_that_fails():
    @paused_collection()
    def fails():
        assert not gc.isenabled()
        raise ZeroDivisionError

    with contextlib.suppress(ZeroDivisionError):
        fails()
    assert gc.isenabled()


def test_what_is_to_be_done_at_the_end_is_done():
    program = """
import atexit
from harma.ground.garbage import leave_garbage_at_exit
class Circle:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("collected")
atexit.register(print, "told at exit")
leave_garbage_at_exit()
leave_garbage_at_exit()
circle = Circle()
del circle
print("end", end=" ")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "end told at exit\n"


def test_it_changes_nothing_before_the_end():
    before = gc.get_freeze_count()
    leave_garbage_at_exit()
    assert gc.get_freeze_count() == before
