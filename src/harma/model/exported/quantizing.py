"""8-bit integers: ONNX Runtime's dynamic quantisation, and NNCF's for OpenVINO, calibrated."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import MissingDependencyError
from harma.model.exported.engines import without_telemetry
from harma.model.exported.signal_stack import signal_stack_kept


def quantize_onnx(source: Path, target: Path) -> None:
    """Weights of matrix products as 8-bit integers; activations are scaled as they come.

    Raises:
        MissingDependencyError: onnxruntime or onnx is not installed.
    """
    try:
        quantization = import_module("onnxruntime.quantization")
    except ImportError as error:
        raise _missing("onnx", "onnxruntime and onnx") from error
    with _quiet():
        quantization.quantize_dynamic(
            str(source),
            str(target),
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm"],
        )


def quantize_openvino(graph: Any, batches: Sequence[NDArray[Any]]) -> Any:
    """A graph of OpenVINO in 8-bit integers, scaled for what it is to see.

    Args:
        graph: in float32.
        batches: pixels or token ids, as the graph takes them.

    Raises:
        MissingDependencyError: nncf is not installed.
    """
    nncf = nncf_module()
    # It makes cores of its own.
    with _quiet(), signal_stack_kept():
        return nncf.quantize(
            graph,
            nncf.Dataset(list(batches)),
            model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(batches),
        )


def nncf_module() -> ModuleType:
    """NNCF, which quantises graphs of OpenVINO.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        with without_telemetry():
            return import_module("nncf")
    except ImportError as error:
        raise _missing("openvino", "nncf") from error


def _missing(extra: str, packages: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"an export in int8 needs {packages}: pip install 'harma[{extra}]'"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Within, the libraries' progress and advice are not told; what fails raises an error."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def as_batches(rows: NDArray[Any], size: int) -> list[NDArray[Any]]:
    """Rows in batches of like size."""
    return [np.ascontiguousarray(rows[i : i + size]) for i in range(0, len(rows), size)]
