"""Engines: what is not installed, graphs that cannot be read, threads, no telemetry."""

import subprocess
import sys

import pytest

from harma.errors import MissingDependencyError, WeightsError
from harma.model.exported.engines import engine_module, open_tower, usual_threads

QUIET = """
import sys
from harma.model.exported.engines import engine_module, without_telemetry
from harma.model.exported.quantizing import nncf_module
engine_module("openvino"), nncf_module()
assert "openvino_telemetry" not in sys.modules, "it tells its maker"
"""


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_an_engine_that_is_not_installed(engine, monkeypatch):
    package = {"onnx": "onnxruntime", "openvino": "openvino"}[engine]
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError) as caught:
        engine_module(engine)
    assert str(caught.value) == (
        f"models exported for {engine} need {package}: pip install 'harma[{engine}]'"
    )


@pytest.mark.parametrize(("engine", "suffix"), [("onnx", ".onnx"), ("openvino", ".xml")])
def test_a_graph_that_cannot_be_read(engine, suffix, tmp_path):
    pytest.importorskip({"onnx": "onnxruntime", "openvino": "openvino"}[engine])
    file = tmp_path / f"image{suffix}"
    file.write_bytes(b"no graph")
    with pytest.raises(WeightsError, match="cannot be opened by .*; export the model again"):
        open_tower(engine, file, "float32")


def test_threads_are_those_of_torch(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert usual_threads() == 3
    for said in ("", "0", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", said)
        assert usual_threads() >= 1


def test_nothing_is_told_to_anybody():
    pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    subprocess.run([sys.executable, "-c", QUIET], check=True, capture_output=True)
