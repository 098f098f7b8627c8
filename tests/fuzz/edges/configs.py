"""Configs of models alone: of open_clip and transformers, and of dual encoders."""

import json
import os
import random
from pathlib import Path

from tests.backbones.small import small_config
from tests.fuzz.edge import Edge, Verdict
from tests.fuzz.json_damage import damaged_json
from tests.fuzz.made_models import models
from tests.fuzz.told import judge_commands

NAMES = (
    "ViT-B-32",
    "RN50",
    "convnext_base",
    "roberta-ViT-B-32",
    "coca_ViT-B-32",
    "ViT-B-16-SigLIP",
    "EVA02-B-16",
    "mt5-base-ViT-B-32",
)
DUAL = {
    "image": {
        "timm": "swin_tiny_patch4_window7_224",
        "weights": None,
        "img_size": 32,
        "embed_dim": 16,
        "depths": [2, 1],
        "num_heads": [2, 2],
        "window_size": 4,
    },
    "text": {
        "transformers": {
            "vocab_size": 40,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 48,
            "max_position_embeddings": 40,
        },
        "context_length": 16,
    },
    "embed_dim": 16,
}


def make(chance: random.Random, folder: Path) -> str:
    """Damage a config: of a directory with weights, or alone; the way."""
    way = chance.choice(("directory", "alone", "dual"))
    if way == "dual":
        (folder / "subject.json").write_bytes(damaged_json(chance, json.dumps(DUAL).encode()))
        return way
    config = json.loads((models() / "architecture.json").read_text())
    if chance.random() < 0.6:
        config = small_config(chance.choice(NAMES))
    statistics = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
    whole = {"model_cfg": config, "preprocess_cfg": statistics}
    text = damaged_json(chance, json.dumps(whole).encode())
    (folder / "subject.json").write_bytes(text)
    if way == "directory":
        (folder / "subject").mkdir()
        (folder / "subject/open_clip_config.json").write_bytes(text)
        weights = "open_clip_model.safetensors"
        os.link(models() / "plain" / weights, folder / "subject" / weights)
    return way


def judge(folder: Path, way: str) -> Verdict | None:
    """Open the model of it."""
    subject = str(folder / "subject")
    embedded = ["--images", str(models() / "picture.png"), "--output", str(folder / "e.npy")]
    commands = [["embed", f"{subject}.json", *embedded]]
    if way == "directory":
        commands = [
            ["info", subject],
            ["embed", subject, *embedded],
            [
                "import",
                str(models() / "released.pth"),
                "--architecture",
                f"{subject}.json",
                "--output",
                str(folder / "out"),
            ],
        ]
    return judge_commands(commands, [str(folder), str(models())])


def start() -> None:
    """Make what lies beside."""
    models()


EDGE = Edge("configs", make, judge, each=10, start=start, share=5)
