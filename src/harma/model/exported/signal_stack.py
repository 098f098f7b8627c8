"""The alternate stack that signals are handled on: OpenVINO may leave one behind that is gone.

Its CPU plugin sets a stack of its own for each `Core`, and puts the one before back when that goes.
Where cores do not go in turn, what is put back is the stack of a core that is gone; the next signal
that Python handles, of a child that ends, say, then ends the process by SIGSEGV.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class SignalStack(ctypes.Structure):
    """What `sigaltstack` takes and gives, as Linux has it."""

    _fields_ = (("place", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def signal_stack_kept() -> Iterator[None]:
    """After the block this thread handles signals on the stack that it did before."""
    if sys.platform != "linux":
        yield
        return
    library = ctypes.CDLL(None)
    before = SignalStack()
    library.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        library.sigaltstack(ctypes.byref(before), None)
