"""Comparisons whose runs are made up: everything but training is real."""

import json
import zlib

import numpy as np
import pytest
import yaml

from harma.comparison.plan import make_plan
from harma.evaluation import Evaluation, save_evaluation
from harma.metrics import Hits

IMAGES, CAPTIONS = 40, 80


@pytest.fixture
def base(tiny_config, tiny_data):
    """Values of a base recipe on the tiny data."""
    return {
        "backbone": tiny_config,
        "adapter": {"bottleneck_dim": 16, "num_heads": 2, "text_attention": "causal"},
        "data": {
            "name": str(tiny_data / "data.yaml"),
            "batch_size": 12,
            "num_workers": 0,
            "sampling": "images",
            "augment": False,
        },
        "loss": {"terms": {"contrastive": 1.0}},
        "train": {"epochs": 1, "accelerator": "cpu"},
    }


@pytest.fixture
def make(base, tmp_path):
    """A plan of rows, with other values of the comparison."""

    def plan(methods, *, recipe=None, flags=(), **values):
        values = {
            "recipe": {**base, **(recipe or {})},
            "methods": methods,
            "output": str(tmp_path / "out"),
            **values,
        }
        return make_plan(values, name="test", flags=flags)

    return plan


def evaluation(split, level, seed):
    """An evaluation whose recalls are about `level`, higher where identical captions count."""
    rng = np.random.default_rng(seed)
    drawn = {
        d: np.sort(rng.random((n, 3)) < level, axis=1)
        for d, n in (("i2t", IMAGES), ("t2i", CAPTIONS))
    }
    hits = {name: found.astype(float) for name, found in drawn.items()}
    hits |= {
        f"dup_{d}": (found | (rng.random(found.shape) < 0.2)).astype(float)
        for d, found in drawn.items()
    }
    metrics = {
        f"{d}_R@{k}": 100 * hits[d][:, i].mean() for d in drawn for i, k in enumerate((1, 5, 10))
    }
    metrics["mR"] = float(np.mean([100 * hits[d].mean() for d in drawn]))
    metrics["dup_mR"] = float(np.mean([100 * hits[f"dup_{d}"].mean() for d in drawn]))
    return Evaluation(
        split=split,
        num_images=IMAGES,
        num_captions=CAPTIONS,
        fingerprint=f"{split} data",
        metrics=metrics,
        hits=Hits(**hits, i2t_rank=np.zeros(IMAGES), t2i_rank=np.zeros(CAPTIONS)),
        caption_to_image=np.arange(CAPTIONS) // 2,
        embedded=None,
        without_adapters=None,
        chance={},
        ceilings={},
    )


@pytest.fixture
def finish():
    return finish_run


def finish_run(run, level=0.5, *, trained=1000, seconds=10.0):
    """Leave what a finished run leaves."""
    run.path.mkdir(parents=True)
    (run.path / "recipe.yaml").write_text(yaml.safe_dump(run.recipe.to_dict()))
    seed = zlib.crc32(f"{run.row.name} {run.recipe.train.seed}".encode())
    result = evaluation("val", level, seed)
    save_evaluation(
        result,
        run.path,
        method=run.recipe.method,
        trained_parameters=trained,
        total_parameters=100_000,
        peak_memory_bytes=500_000_000,
    )
    events = []
    for epoch in range(1, run.recipe.train.epochs + 1):
        past = {"epoch": epoch, "seconds": seconds * epoch}
        share = epoch / run.recipe.train.epochs
        values = {key: share * value for key, value in result.metrics.items()}
        events += [
            {"event": "epoch", "loss": 1.0, **past},
            {"event": "validation", **past, **values},
        ]
    if run.row.trains:
        (run.path / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
        (run.path / "best").mkdir()
        (run.path / "best" / "weights").write_bytes(bytes(2000))
