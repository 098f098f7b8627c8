"""Signals have a stack, whatever OpenVINO and NNCF were used for and have let go of."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="OpenVINO sets a stack on Linux")
# Each in a process of its own, which ends by SIGSEGV where a stack is gone.
BEGIN = """
import gc, signal
from pathlib import Path
import numpy as np
from harma.model.exported.engines import engine_module, open_tower
openvino = engine_module("openvino")
signal.signal(signal.SIGCHLD, lambda *_: None)
def graph():
    x = openvino.opset13.parameter([-1, 4], np.float32)
    weight = openvino.opset13.constant(np.ones((4, 3), np.float32))
    return openvino.Model([openvino.opset13.matmul(x, weight, False, False)], [x])
def look():
    gc.collect()
    signal.raise_signal(signal.SIGCHLD)
"""
USES = {
    "towers that go one after the other": """
file = Path("graph.xml")
openvino.save_model(graph(), file)
first = open_tower("openvino", file, "float32")
second = open_tower("openvino", file, "float32")
del first
look()
del second
look()
""",
    "calibration": """
from harma.model.exported.quantizing import quantize_openvino
for _ in range(3):
    quantize_openvino(graph(), [np.ones((2, 4), np.float32)])
    look()
""",
}
CORES = """
cores = [openvino.Core() for _ in range(2)]
compiled = [core.compile_model(graph(), "CPU") for core in cores]
del compiled[0], cores[0]
gc.collect()
compiled.clear()
cores.clear()
"""


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_signals_have_a_stack(use, tmp_path):
    pytest.importorskip("nncf")
    done = run(BEGIN + use, tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_stack_that_is_gone_is_put_back(tmp_path):
    """As OpenVINO's own cores leave it: without the block the process would not get to its end."""
    pytest.importorskip("openvino")
    kept = CORES.replace("\n", "\n    ")
    around = "from harma.model.exported.signal_stack import signal_stack_kept\n"
    around += f"with signal_stack_kept():{kept}pass\nlook()\n"
    done = run(BEGIN + around, tmp_path)
    assert done.returncode == 0, done.stderr


def run(code, folder):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, check=False, capture_output=True, text=True
    )
