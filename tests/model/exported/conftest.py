"""A tiny model with adapters, and its exports, made once for all tests."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.methods.harma.config import AdapterConfig
from harma.model.caption_memory import remember
from harma.model.exported.writing import ExportOrder, export_model
from harma.model.model import HarMA
from harma.model.saved import load, save

CAPTIONS = ["a river", "two planes beside a long runway", "a harbour with many ships", "houses"]


@dataclass(frozen=True)
class Made:
    """A model, where it is saved, pictures, and a folder with exports."""

    model: HarMA
    saved: Path
    pictures: list[Path]
    folder: Path


def adapted(**options):
    """A tiny model whose adapters do something."""
    torch.manual_seed(0)
    config = AdapterConfig(bottleneck_dim=16, num_heads=2, **options)
    model = HarMA(load_backbone(TINY), config).eval()
    for parameter in model.trained_parameters().values():
        parameter.data.add_(0.3 * torch.rand(parameter.shape) - 0.15)
    return model


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A tiny model with captions, and pictures."""
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("exported")
    model = adapted(text_attention="causal")
    model.captions = remember(model, CAPTIONS)
    save(model, folder / "model")
    rng = np.random.default_rng(0)
    pictures = []
    for number in range(6):
        file = folder / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(file)
        pictures.append(file)
    return Made(load(folder / "model"), folder / "model", pictures, folder)


@pytest.fixture(scope="session")
def onnx(made):
    """An export for ONNX Runtime in float32."""
    export_model(made.model, "model", made.folder / "onnx", ExportOrder("onnx"))
    return made.folder / "onnx"


@pytest.fixture(scope="session")
def onnx8(made):
    """An export for ONNX Runtime in int8."""
    export_model(made.model, "model", made.folder / "onnx8", ExportOrder("onnx", "int8"))
    return made.folder / "onnx8"


@pytest.fixture(scope="session")
def openvino(made):
    """An export for OpenVINO in bf16."""
    pytest.importorskip("openvino")
    export_model(made.model, "model", made.folder / "openvino", ExportOrder("openvino", "bf16"))
    return made.folder / "openvino"
