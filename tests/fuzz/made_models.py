"""Small models of every form to be damaged: made once for a run, copied for each input."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

# Imported here, once for all children: they take seconds.
import numpy as np
import onnxruntime  # noqa: F401
import open_clip  # noqa: F401
import openvino  # noqa: F401
import timm  # noqa: F401
import torch
import torch._dynamo
import transformers
from PIL import Image
from tests.conftest import COLORS, TINY
from tests.fuzz.judging import command
from tests.training.runs import tiny_values

from harma.backbones import load_backbone
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA
from harma.model.saved import save_model, save_with_backbone
from harma.original.names import join_released, write_released

# Its models are imported when they are first named.
LAZY = (transformers.BertModel, transformers.RobertaModel, transformers.MT5EncoderModel)
ADAPTER = AdapterConfig(bottleneck_dim=16, num_heads=2, text_attention="causal")
# Larger files are linked, not copied.
COPIED = 100_000


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A folder that all children of a run share: made by the first that asks."""
    folder = Path(tempfile.gettempdir()) / f"made-{name}"
    done = folder / ".done"
    # Made in its place, as runs say where they lie; what a killed child began is made anew.
    if not done.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        make(folder)
        done.touch()
    return folder


def models() -> Path:
    """A bare model, one with adapters, a released checkpoint, the config of all; a picture."""
    return made_once("models", _make_models)


def _make_models(folder: Path) -> None:
    torch.manual_seed(0)
    plain = load_backbone(TINY)
    plain.save(folder / "plain")
    save_model(HarMA(load_backbone(f"local-dir:{folder / 'plain'}")).eval(), folder / "model")
    adapted = HarMA(load_backbone(f"local-dir:{folder / 'plain'}"), ADAPTER).eval()
    save_with_backbone(adapted, folder / "adapter")
    released = HarMA(
        load_backbone(TINY), AdapterConfig(bottleneck_dim=16, num_heads=2, variant="released")
    )
    state = join_released(released.backbone.weights(), released.adapter_state())
    write_released(folder / "released.pth", state, {"a": 1, "b": {"c": [1, 2]}})
    torch.save(plain.weights(), folder / "plain.bin")
    (folder / "architecture.json").write_text(json.dumps(TINY))
    (folder / "captions.txt").write_text("a red roof\na green field\n")
    Image.fromarray(np.full((40, 40, 3), 90, np.uint8)).save(folder / "picture.png")


def exports() -> Path:
    """The model with adapters, written for engines."""
    return made_once("exports", _make_exports)


def _make_exports(folder: Path) -> None:
    for engine in ("onnx", "openvino"):
        target = folder / engine
        done = command(
            ["export", str(models() / "adapter"), "--format", engine, "--output", str(target)]
        )
        assert done.status == 0, done.err


def runs() -> Path:
    """A data set, and runs of two methods on it."""
    return made_once("runs", _make_runs)


def _make_runs(folder: Path) -> None:
    _make_data(folder / "data")
    for method in ("harma", "lora"):
        values = tiny_values(f"local-dir:{models() / 'plain'}", folder / "data", folder / method)
        values["method"] = method
        values["train"]["epochs"] = 1
        if method == "lora":
            values["adapter"] = {}
        (folder / f"{method}.json").write_text(json.dumps(values))
        done = command(["train", str(folder / f"{method}.json")])
        assert done.status == 0, done.err
        # So that there is something to go on with.
        recipe = folder / method / "recipe.yaml"
        recipe.write_text(recipe.read_text().replace("epochs: 1\n", "epochs: 2\n"))


def _make_data(folder: Path) -> None:
    (folder / "images").mkdir(parents=True)
    names = list(COLORS)
    for split, count in (("train", 8), ("val", 4), ("test", 4)):
        rows = []
        for number in range(count):
            color = names[number % len(names)]
            file = f"{split}_{number}.png"
            pixels = np.full((40, 40, 3), COLORS[color], np.uint8)
            Image.fromarray(pixels).save(folder / "images" / file)
            row = {"image": file, "label_name": color, "label": number % len(names)}
            texts = [f"a {color} roof, number {number}", f"{color} field {split} {number}"]
            if split == "train":
                rows += [{"caption": text, "image_id": number, **row} for text in texts]
            else:
                rows.append({"caption": texts, **row})
        (folder / f"{split}.json").write_text(json.dumps(rows))
    (folder / "data.yaml").write_text(
        "name: tiny\nformat: harma\nimages: images\n"
        "train: train.json\nval: val.json\ntest: test.json\n"
    )


def copied(source: Path, target: Path) -> None:
    """A copy whose large files are links: what damages one writes it anew."""
    for path in source.rglob("*"):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        elif path.stat().st_size > COPIED:
            os.link(path, place)
        else:
            shutil.copy(path, place)


def put(path: Path, data: bytes) -> None:
    """Write a file anew, so that what it was linked to stays."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)
