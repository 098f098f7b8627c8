"""harma info."""

import json

import pytest
import torch

from harma.backbones import load_backbone
from harma.cli import main
from harma.methods.table import make_config
from harma.model.caption_memory import remember
from harma.model.model import HarMA
from harma.model.saved import save


@pytest.fixture
def adapter(tiny_config, tmp_path):
    torch.manual_seed(0)
    model = HarMA(load_backbone(tiny_config), make_config("bitfit", {}))
    about = {"data": {"name": "rsitmd"}, "metrics": {"split": "val", "epoch": 3, "mR": 12.345}}
    save(model, tmp_path / "a", about=about)
    return model, str(tmp_path / "a")


def test_facts_of_an_adapter_have_a_line_each(adapter, capsys):
    model, directory = adapter
    assert main(["info", directory]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["kind"] == "adapter"
    assert lines["directory"] == directory
    assert lines["method"] == "bitfit"
    assert lines["mR"] == "12.35"
    assert lines["epoch"] == "3"
    assert lines["data"].split() == ["name", "rsitmd"]
    trained, total = model.num_parameters(trained=True), model.num_parameters()
    assert lines["trained"].startswith(f"parameters   {trained:,} of {total:,} (")


def test_all_facts_as_json(adapter, capsys):
    model, directory = adapter
    assert main(["info", directory, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["backbone"]["architecture"] == model.backbone.config
    assert facts["metrics"]["mR"] == 12.345


def test_captions_that_are_kept_are_counted(adapter, tmp_path, capsys):
    model, directory = adapter
    assert main(["info", directory]) == 0
    assert "kept captions" not in capsys.readouterr().out
    model.captions = remember(model, ["a road", "a river"])
    save(model, directory)
    assert main(["info", directory]) == 0
    assert "\nkept captions        2\n" in capsys.readouterr().out
    assert main(["info", directory, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept_captions"] == 2
    (tmp_path / "a" / "captions.safetensors").write_bytes(b"cut")
    assert main(["info", directory]) == 2
    assert "captions.safetensors cannot be used" in capsys.readouterr().err


def test_a_model_of_another_program_says_little(model, capsys):
    assert main(["info", model[1]]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:20].strip() for line in lines] == ["kind", "directory", "on disk"]
