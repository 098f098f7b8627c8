"""harma import and harma export."""

import json

import pytest
import torch

from harma.backbones import load_backbone
from harma.cli import main
from harma.methods.harma.config import AdapterConfig
from harma.model.caption_memory import remember
from harma.model.model import HarMA
from harma.model.saved import load, save

TEXTS = ["a river", "two planes beside a long runway"]


@pytest.fixture
def released(tiny_config, tmp_path, capsys):
    """A model, its released checkpoint, and a file with its architecture."""
    torch.manual_seed(0)
    config = AdapterConfig(bottleneck_dim=16, variant="document")
    model = HarMA(load_backbone(tiny_config), config).eval()
    for parameter in model.trained_parameters().values():
        parameter.data.add_(0.1 * torch.rand(parameter.shape))
    save(model, tmp_path / "a")
    file = tmp_path / "released.pth"
    assert main(["export", str(tmp_path / "a"), "--output", str(file)]) == 0
    assert capsys.readouterr().out == f"written to {file}\n"
    (tmp_path / "architecture.json").write_text(json.dumps(tiny_config))
    return model, str(file), str(tmp_path / "architecture.json")


def test_there_and_back_with_the_variant_that_is_named(released, tmp_path, capsys):
    model, file, architecture = released
    options = ["--architecture", architecture, "--output", str(tmp_path / "b")]
    assert main(["import", file, *options, "--variant", "document"]) == 0
    trained = model.num_parameters(trained=True)
    assert f"{trained:,} trained parameters written to" in capsys.readouterr().out
    assert (load(tmp_path / "b").embed_texts(TEXTS) == model.embed_texts(TEXTS)).all()
    assert main(["import", file, *options]) == 0
    assert load(tmp_path / "b").adapters.variant == "released"


def test_captions_have_no_place_in_the_released_form(released, tmp_path, capsys, caplog):
    model, file, architecture = released
    model.captions = remember(model, TEXTS)
    save(model, tmp_path / "with")
    caplog.clear()
    assert main(["export", str(tmp_path / "with"), "--output", file]) == 0
    assert "the 2 captions that" in caplog.text
    assert "are left out: the released form has no place for them" in caplog.text
    options = ["--architecture", architecture, "--variant", "document"]
    assert main(["import", file, *options, "--output", str(tmp_path / "b")]) == 0
    assert load(tmp_path / "b").captions is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "architecture.json: it is not JSON ("),
        ("[1]", "architecture.json holds a list; an open_clip con"),
        ('{"embed_dim": 16}', "architecture.json has no vision_cfg, text_cfg"),
        (
            '{"model_cfg": {"embed_dim": 16}, "preprocess_cfg": {"mean": ["a"]}}',
            "architecture.json",
        ),
        ("[" * 300 + "]" * 300, "architecture.json: it is not JSON that is read here"),
    ],
)
def test_an_architecture_that_cannot_be_used(released, tmp_path, capsys, content, message):
    _, file, architecture = released
    (tmp_path / "architecture.json").write_text(content)
    options = ["--architecture", architecture, "--output", str(tmp_path / "b")]
    assert main(["import", file, *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "b").exists()
