"""Names of other programs' weights: Long-CLIP's two tables, older forms, what is not known."""

import pytest
import torch
from tests.backbones.stand_ins import stirred

from harma.backbones import load_backbone
from harma.backbones.weights.names import long_context, open_clip_names
from harma.errors import WeightsError


@pytest.fixture
def long_clip(config, tmp_path):
    """A file in the layout of Long-CLIP, LRSCLIP and DGTRS-CLIP: 248 tokens, two tables."""
    long = {**config, "text_cfg": {**config["text_cfg"], "context_length": 248}}
    state = dict(stirred(load_backbone(long)).weights())
    positions = state["positional_embedding"]
    rest = torch.randn(positions.shape, generator=torch.Generator().manual_seed(2))
    file = tmp_path / "longclip.pt"
    torch.save({**state, "positional_embedding_res": rest}, file)
    return file, state, rest


def reference(config, state, rest, token_ids):
    """Long-CLIP's own text tower: both tables are added, each masked."""
    long = {**config, "text_cfg": {**config["text_cfg"], "context_length": 248}}
    kept = torch.zeros(248, 1)
    kept[:20] = 1
    positions = state["positional_embedding"] * kept + rest * (1 - kept)
    model = load_backbone(long, weights={**state, "positional_embedding": positions}).module
    with torch.no_grad():
        return model.encode_text(token_ids)


def test_long_clip_reads_248_tokens_with_both_tables(long_clip, config, tmp_path):
    file, state, rest = long_clip
    backbone = load_backbone(file, architecture=config)
    assert backbone.context_length == 248
    text = " ".join(["many planes are parked beside the runway"] * 25)
    token_ids = backbone.tokenize([text, "a river"])
    assert token_ids.shape == (2, 248)
    assert backbone.text_lengths(token_ids).tolist() == [177, 4]
    with torch.no_grad():
        ours = backbone.encode_text(token_ids)
    torch.testing.assert_close(ours, reference(config, state, rest, token_ids), rtol=0, atol=1e-5)
    backbone.save(tmp_path / "saved")
    again = load_backbone(tmp_path / "saved")
    assert again.context_length == 248
    assert again.weights_hash() == backbone.weights_hash()


def test_a_long_clip_whose_tables_differ_is_refused(long_clip, config):
    file, state, rest = long_clip
    torch.save({**state, "positional_embedding_res": rest[:200]}, file)
    with pytest.raises(WeightsError, match=r"of another shape \(positional_embedding"):
        load_backbone(file, architecture=config)


def test_other_layouts_have_no_length_of_their_own():
    assert long_context({"positional_embedding": torch.zeros(77, 4)}) is None
    assert long_context({"positional_embedding_res": torch.zeros(248, 4)}) == 248


def test_clips_names_for_a_model_with_a_text_tower_of_its_own(config, tmp_path):
    plain = load_backbone(config)
    torch.save(dict(plain.weights()), tmp_path / "plain.pt")
    custom = load_backbone(tmp_path / "plain.pt", architecture={**config, "custom_text": True})
    token_ids = plain.tokenize(["a river"])
    with torch.no_grad():
        assert torch.equal(custom.encode_text(token_ids), plain.encode_text(token_ids))


def test_unknown_names_stay_as_they_are():
    state = {"some.weight": torch.zeros(1), "encoder.position_ids": torch.zeros(1)}
    assert open_clip_names(state).keys() == {"some.weight"}
    assert open_clip_names(state, {"encoder.position_ids"}).keys() == state.keys()
