"""The engines that run an exported tower: ONNX Runtime and OpenVINO, imported when needed."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from harma.errors import MissingDependencyError, WeightsError
from harma.ground.device import usable_cores
from harma.ground.messages import plain_reason
from harma.model.exported.facts import Engine, ExportPrecision

Tower = Callable[[NDArray[Any]], NDArray[np.float32]]
"""Pixels (B, 3, H, W) or token ids (B, L) → embeddings (B, E)."""

# Engine → the package that runs it.
PACKAGES: dict[Engine, str] = {"onnx": "onnxruntime", "openvino": "openvino"}
# Engine → the ending of a graph's file, and of one with its weights beside it.
SUFFIXES: dict[Engine, tuple[str, ...]] = {"onnx": (".onnx",), "openvino": (".xml", ".bin")}
TELEMETRY = "openvino_telemetry"
_TELEMETRY_LOCK = Lock()
# Of ONNX Runtime: errors alone, no warnings about a machine without a GPU.
ERRORS_ALONE = 3


def open_tower(
    engine: Engine, file: Path, precision: ExportPrecision, num_threads: int | None = None
) -> Tower:
    """Open the graph of a tower.

    Args:
        engine: that it was exported for.
        file: of the graph.
        precision: of the export.
        num_threads: that compute; None takes those that this process may use.

    Raises:
        MissingDependencyError: the engine is not installed.
        WeightsError: the engine cannot read the graph.
    """
    runtime = engine_module(engine)
    threads = num_threads or usual_threads()
    opened = _open_onnx if engine == "onnx" else _open_openvino
    try:
        return opened(runtime, file, precision, threads)
    # Each engine has errors of its own, which share no class but this.
    except Exception as error:
        raise WeightsError(
            f"{file} cannot be opened by {PACKAGES[engine]} {runtime.__version__}"
            f" ({plain_reason(error, 'it is damaged')}); export the model again"
        ) from error


def engine_module(engine: Engine) -> ModuleType:
    """The package that runs an engine's graphs.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        with without_telemetry():
            return import_module(PACKAGES[engine])
    except ImportError as error:
        raise MissingDependencyError(
            f"models exported for {engine} need {PACKAGES[engine]}: pip install 'harma[{engine}]'"
        ) from error


@contextmanager
def without_telemetry() -> Iterator[None]:
    """Within, OpenVINO and NNCF can be imported without telling their makers of it.

    They send a message over the network at each import, by a process of its own, unless the package
    that sends it cannot be imported.
    """
    with _TELEMETRY_LOCK:
        before = sys.modules.get(TELEMETRY)
        sys.modules[TELEMETRY] = cast("ModuleType", None)
        try:
            yield
        finally:
            del sys.modules[TELEMETRY]
            if before is not None:
                sys.modules[TELEMETRY] = before


@cache
def openvino_core(runtime: ModuleType) -> Any:
    """OpenVINO's core, the one of this process.

    It stays: one that goes before another leaves signals without a stack
    (`harma.model.exported.signal_stack`).
    """
    return runtime.Core()


def usual_threads() -> int:
    """As many as torch would take: what OMP_NUM_THREADS says, or all cores."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    return usable_cores()


def _open_onnx(runtime: ModuleType, file: Path, precision: ExportPrecision, threads: int) -> Tower:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = ERRORS_ALONE
    session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def embed(inputs: NDArray[Any]) -> NDArray[np.float32]:
        embeddings: NDArray[np.float32] = session.run(None, {name: inputs})[0]
        return embeddings

    return embed


def _open_openvino(
    runtime: ModuleType, file: Path, precision: ExportPrecision, threads: int
) -> Tower:
    # What is not quantised of an int8 graph stays float32.
    hint = "bf16" if precision == "bf16" else "f32"
    options = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": hint}
    compiled = openvino_core(runtime).compile_model(str(file), "CPU", options)

    def embed(inputs: NDArray[Any]) -> NDArray[np.float32]:
        # A copy: the engine's own memory is used again by the next call.
        embeddings: NDArray[np.float32] = np.array(compiled(inputs)[0], dtype=np.float32)
        return embeddings

    return embed
