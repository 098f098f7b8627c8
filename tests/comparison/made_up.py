"""Comparisons whose runs are made up: everything but training is real."""

import json
import zlib

import numpy as np
import yaml

from harma.comparison.folds import fold_plans
from harma.comparison.plan import make_plan
from harma.comparison.runs import rate_runs, seed_runs
from harma.curation.folds import split_into_folds, write_folds
from harma.curation.resplit import pooled_images
from harma.data.description import load_description
from harma.evaluation import Evaluation, save_evaluation
from harma.metrics import Hits

# One to five captions for each image, so that no mean over captions is one over images.
OWNERS = np.repeat(np.arange(40), np.arange(40) % 5 + 1)
IMAGES, CAPTIONS = 40, len(OWNERS)
METHODS = {
    "none": None,
    "harma": None,
    "a_b & c": {"adapter": {"bottleneck_dim": 32}},
    "full": None,
    "lora": None,
}
LEVELS = {"none": 0.2, "harma": 0.6, "a_b & c": 0.55}


def base_values(config, data):
    """Values of a base recipe on the tiny data."""
    return {
        "backbone": config,
        "adapter": {"bottleneck_dim": 16, "num_heads": 2, "text_attention": "causal"},
        "data": {
            "name": str(data / "data.yaml"),
            "batch_size": 12,
            "num_workers": 0,
            "sampling": "images",
            "augment": False,
        },
        "loss": {"terms": {"contrastive": 1.0}},
        "train": {"epochs": 1, "accelerator": "cpu"},
    }


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
        caption_to_image=OWNERS,
        embedded=None,
        without_adapters=None,
        chance={},
        ceilings={},
    )


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


def fail_run(run, reason="out of memory"):
    """Leave what a failed run leaves."""
    run.failure_file.parent.mkdir(parents=True, exist_ok=True)
    run.failure_file.write_text(json.dumps({"reason": reason}))


def finished_plan(base, output):
    """Three rows done, one failed, one waiting."""
    values = {
        "recipe": base,
        "methods": METHODS,
        "learning_rates": [0.01, 0.1],
        "seeds": [1, 2],
        "published": "rsitmd",
        "budget": {"epochs": 3},
        "output": str(output),
    }
    plan = make_plan(values, name="test")
    for row in plan.rows[:3]:
        trained = 0 if row.name == "none" else 4000
        for run, less in zip(rate_runs(plan, row), (0.0, 0.1), strict=False):
            finish_run(run, LEVELS[row.name] - less, trained=trained)
        for run in seed_runs(plan, row)[1:]:
            finish_run(run, LEVELS[row.name], trained=trained, seconds=20.0)
    for run in rate_runs(plan, plan.row("full")):
        fail_run(run, "killed by SIGKILL, probably out of memory")
    return plan


def write_folds_of(data, directory):
    """Three folds of the tiny data; the path of folds.yaml."""
    described = load_description(data / "data.yaml")
    pool = pooled_images(described, data)
    made = split_into_folds(pool, described, "harma", directory, num_folds=3)
    return write_folds(made, directory)


def finish_folds(plan, levels, names):
    """Finish and judge rows over all folds, each at a level for each fold."""
    for number, of_fold in enumerate(fold_plans(plan)):
        record = {}
        for name in names:
            row = of_fold.row(name)
            for run, less in zip(rate_runs(of_fold, row), (0.0, 0.1), strict=False):
                finish_run(run, levels[name][number] - less, trained=4000 if row.trains else 0)
            for run in seed_runs(of_fold, row)[1:]:
                finish_run(run, levels[name][number], trained=4000)
            chosen = seed_runs(of_fold, row)
            for run in chosen:
                seed = zlib.crc32(f"{name} {number} {run.recipe.train.seed}".encode())
                save_evaluation(evaluation("test", levels[name][number], seed), run.path)
            record[name] = {
                "learning_rate": chosen[0].recipe.optim.lr if row.trains else None,
                "runs": [str(run.path.relative_to(of_fold.output)) for run in chosen],
                "fingerprint": "test data",
                "began": "",
                "read": "now",
            }
        of_fold.output.mkdir(parents=True, exist_ok=True)
        (of_fold.output / "final.json").write_text(json.dumps({"rows": record}))
