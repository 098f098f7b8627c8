"""Checkpoints of the original, imported and exported."""

import pytest
import torch

from harma.backbones import load_backbone
from harma.errors import ConfigError, WeightsError
from harma.methods.harma.config import AdapterConfig
from harma.methods.table import make_config
from harma.model.convert import export_released, import_released
from harma.model.model import HarMA
from harma.model.saved import describe, load, save

TEXTS = ["a river", "two planes beside a long runway"]
RELEASED = {"bottleneck_dim": 16, "variant": "released", "text_attention": "full"}


def adapted(config, **changes):
    torch.manual_seed(0)
    model = HarMA(load_backbone(config), AdapterConfig(**{**RELEASED, **changes})).eval()
    for parameter in model.trained_parameters().values():
        parameter.data.add_(0.1 * torch.rand(parameter.shape))
    return model


@pytest.fixture
def released(tiny_config, tmp_path):
    """A model, and the released checkpoint of it."""
    model = adapted(tiny_config)
    save(model, tmp_path / "a")
    export_released(tmp_path / "a", tmp_path / "released.pth")
    return model, tmp_path / "released.pth"


def test_there_and_back_it_embeds_bit_for_bit(released, tiny_config, tmp_path):
    model, file = released
    imported = import_released(file, tiny_config, tmp_path / "b")
    again = load(tmp_path / "b")
    assert again.adapters == model.adapters
    for other in (imported, again):
        assert (other.embed_texts(TEXTS) == model.embed_texts(TEXTS)).all()
    facts = describe(tmp_path / "b")
    assert facts["imported_from"] == "released.pth"
    assert facts["backbone"]["name"] == "local-dir:backbone"


def test_a_backbone_that_is_here_already_is_named_if_it_is_the_same(
    released, tiny_config, tmp_path
):
    model, file = released
    model.backbone.save(tmp_path / "clip")
    import_released(file, tiny_config, tmp_path / "b", backbone=str(tmp_path / "clip"))
    assert not (tmp_path / "b" / "backbone").exists()
    assert (load(tmp_path / "b").embed_texts(TEXTS) == model.embed_texts(TEXTS)).all()
    torch.manual_seed(5)
    load_backbone(tiny_config).save(tmp_path / "other")
    with pytest.raises(WeightsError, match="other has weights .*, the checkpoint has .*; leave"):
        import_released(file, tiny_config, tmp_path / "c", backbone=str(tmp_path / "other"))
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shared_towers": ("image", "text")}, "holds HarMA adapters that share in the text tower"),
        ({"shared_towers": ()}, "holds HarMA adapters that share in the text tower only"),
        ({"text_attention": "causal"}, "text_attention is causal, which the original does not"),
        ({"num_heads": 4}, "the original's adapters have 8 heads, these have 4"),
    ],
)
def test_forms_that_the_original_cannot_hold(tiny_config, tmp_path, changes, message):
    save(adapted(tiny_config, **changes), tmp_path / "a")
    with pytest.raises(ConfigError, match=f"{tmp_path / 'a'}: .*{message}"):
        export_released(tmp_path / "a", tmp_path / "b.pth")
    assert not (tmp_path / "b.pth").exists()


def test_other_methods_and_bare_models_have_no_released_form(tiny_config, tmp_path):
    backbone = load_backbone(tiny_config)
    save(HarMA(backbone, make_config("bitfit", {})), tmp_path / "bitfit")
    save(HarMA(load_backbone(tiny_config)), tmp_path / "bare")
    for name in ("bitfit", "bare"):
        with pytest.raises(ConfigError, match="holds HarMA adapters that share in the text tower"):
            export_released(tmp_path / name, tmp_path / "b.pth")


def test_another_variant_is_exported_with_a_warning(tiny_config, tmp_path, caplog):
    save(adapted(tiny_config, variant="document"), tmp_path / "a")
    export_released(tmp_path / "a", tmp_path / "b.pth")
    assert "Open the file with variant='document'" in caplog.text
