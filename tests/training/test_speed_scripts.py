"""The scripts of benchmarks/ that measure training run here too, small and on the CPU."""

import re
import sys
from pathlib import Path

import pytest
import yaml
from tests.training.runs import tiny_values

from harma.backbones import load_backbone
from harma.training.loop import Trainer

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def scripts(monkeypatch):
    """The scripts import each other by name, as where they are run from their folder."""
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.mark.usefixtures("scripts")
def test_steps_and_embedding_as_on_a_gpu(tiny_config, tmp_path, monkeypatch, capsys):
    import gpu

    load_backbone(tiny_config).save(tmp_path / "model")
    model = f"local-dir:{tmp_path / 'model'}"
    small = ["--images", "4", "--pairs", "4", "--repeats", "1", "--no-compile"]
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "cpu", "--models", model, *small])
    gpu.main()
    out = capsys.readouterr().out
    for label in ("float32", "tf32", "bf16"):
        rates = re.search(rf"^{label} +(\d+) .* %  +(\d+) .* % +([\d.]+)$", out, re.MULTILINE)
        assert int(rates[1]) > 0
        assert int(rates[2]) > 0
        assert float(rates[3]) > 0.99
    for label in ("original's structure, float32", "ours, bf16", "whole model, bf16"):
        assert float(re.search(rf"^{label} +([\d.]+) ", out, re.MULTILINE)[1]) > 0


@pytest.mark.usefixtures("scripts")
def test_waiting_for_batches(tiny_config, tiny_data, tmp_path, monkeypatch, capsys):
    import feed

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(tiny_values(tiny_config, tiny_data, tmp_path / "run")))
    # As they were after the test, whatever the script puts in their place.
    for name in ("_run_epoch", "_step", "_end_epoch"):
        monkeypatch.setattr(Trainer, name, getattr(Trainer, name))
    clock = feed.Clock()
    clock.watch()
    assert feed.main(["train", str(recipe)]) == 0
    clock.tell()
    out = capsys.readouterr().out
    assert re.search(r"first batches from the second epoch on: \d+\.\d+ s in the median", out)
    assert [len(steps) for steps in clock.steps] == [6, 6]
