import copy
import pickle

import pytest
import torch
from tests.backbones.coca import coca_config
from torch import nn

from harma.backbones import load_backbone
from harma.errors import BackboneError, ConfigError, DataError

TEXTS = ["a river", "many planes are parked beside the long runway of an airport", "x"]


def test_image_encoding_is_open_clips(backbone, pixels):
    with torch.no_grad():
        assert torch.equal(backbone.encode_image(pixels), backbone.module.encode_image(pixels))


def test_untrimmed_text_encoding_is_open_clips(backbone):
    token_ids = backbone.tokenize(TEXTS)
    with torch.no_grad():
        assert torch.equal(backbone.encode_text(token_ids), backbone.module.encode_text(token_ids))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"custom_text": True},
        {"text_cfg": {"pool_type": "eos", "eos_id": 49407}},
        {"text_cfg": {"proj_type": "none"}, "embed_dim": 32},
        {"custom_text": True, "text_cfg": {"proj_bias": True, "ls_init_value": 0.1}},
        {"text_cfg": {"qk_norm": True, "scale_fc": True}},
    ],
)
def test_trimming_changes_no_text_embedding(config, changes):
    changes = dict(changes)
    config["text_cfg"].update(changes.pop("text_cfg", {}))
    backbone = load_backbone({**config, **changes}, dtype=torch.float64)
    token_ids = backbone.tokenize(TEXTS)
    lengths = backbone.text_lengths(token_ids)
    assert backbone.trims_text
    assert lengths.tolist() == [4, 13, 3]
    with torch.no_grad():
        whole = backbone.encode_text(token_ids)
        trimmed = backbone.encode_text(token_ids[:, : lengths.max()])
        alone = torch.cat(
            [backbone.encode_text(row[None, :n]) for row, n in zip(token_ids, lengths, strict=True)]
        )
    torch.testing.assert_close(trimmed, whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(alone, whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "change", [{"no_causal_mask": True}, {"pool_type": "last"}, {"pool_type": "first"}]
)
def test_texts_that_depend_on_padding_are_not_trimmed(config, change):
    config["text_cfg"].update(change)
    backbone = load_backbone(config)
    token_ids = backbone.tokenize(TEXTS)
    assert not backbone.trims_text
    assert backbone.text_lengths(token_ids).tolist() == [16, 16, 16]
    with pytest.raises(
        DataError, match=r"shape \(3, 15\); config takes integers \(B, L\) with L = 16"
    ):
        backbone.encode_text(token_ids[:, :15])


def test_coca_gives_unnormalised_embeddings_and_is_not_trimmed(config, pixels):
    backbone = load_backbone(coca_config(config))
    with torch.no_grad():
        image = backbone.encode_image(pixels)
        text = backbone.encode_text(backbone.tokenize(TEXTS))
    assert image.shape == text.shape == (3, 16)
    assert not torch.allclose(image.norm(dim=-1), torch.ones(3))
    assert not backbone.trims_text
    assert len(backbone.blocks("image")) == len(backbone.blocks("text")) == 2


def test_embedding_does_not_depend_on_batch_mates(backbone, pixels):
    token_ids = backbone.tokenize(TEXTS)
    with torch.no_grad():
        images, texts = backbone.encode_image(pixels), backbone.encode_text(token_ids)
        for i in range(3):
            torch.testing.assert_close(
                backbone.encode_image(pixels[i : i + 1])[0], images[i], rtol=0, atol=1e-5
            )
            torch.testing.assert_close(
                backbone.encode_text(token_ids[i : i + 1])[0], texts[i], rtol=0, atol=1e-5
            )


def test_pixels_take_the_models_dtype(config, pixels):
    assert load_backbone(config, dtype=torch.float64).encode_image(pixels).dtype == torch.float64
    assert load_backbone(config, dtype=torch.bfloat16).encode_image(pixels).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((2, 3, 64, 64), torch.float32),
        ((3, 32, 32), torch.float32),
        ((2, 1, 32, 32), torch.float32),
        ((2, 3, 32, 32), torch.uint8),
    ],
)
def test_pixels_of_another_form_are_refused(backbone, shape, dtype):
    with pytest.raises(DataError, match=r"config takes floating point \(B, 3, 32, 32\)") as error:
        backbone.encode_image(torch.zeros(shape, dtype=dtype))
    assert str(dtype) in str(error.value)
    assert str(shape) in str(error.value)


@pytest.mark.parametrize(
    "token_ids",
    [
        torch.zeros(2, 17, dtype=torch.int64),
        torch.zeros(2, 0, dtype=torch.int64),
        torch.zeros(2, 16),
        torch.zeros(16, dtype=torch.int64),
    ],
)
def test_token_ids_of_another_form_are_refused(backbone, token_ids):
    with pytest.raises(
        DataError, match=r"takes integers \(B, L\) with L = 1 to 16, as `tokenize` gives them"
    ):
        backbone.encode_text(token_ids)


def test_tokenize(backbone):
    token_ids = backbone.tokenize(["A River"])
    assert token_ids.dtype == torch.int64
    assert token_ids.shape == (1, 16)
    assert torch.equal(token_ids, backbone.tokenize(["a river"]))
    assert backbone.tokenize([]).shape == (0, 16)
    assert torch.equal(backbone.tokenize("a river"), token_ids)  # one text, not seven


def test_tokenize_refuses_what_is_no_text(backbone):
    with pytest.raises(DataError, match=r"a text is None \(NoneType\); tokenize takes strings"):
        backbone.tokenize(["a", None])


def test_small_vocabulary_is_refused_when_tokenizing_only(config):
    config["text_cfg"]["vocab_size"] = 400
    backbone = load_backbone(config)
    assert backbone.encode_text(torch.randint(0, 400, (2, 16))).shape == (2, 16)
    with pytest.raises(
        ConfigError, match="token id 49407, but config has a vocabulary of 400: .*vocab_size 49408"
    ):
        backbone.tokenize(["a river"])


def test_a_vocabulary_that_lacks_the_last_token(config):
    config["text_cfg"]["vocab_size"] = 49407
    with pytest.raises(ConfigError, match="token id 49407, but config has a vocabulary of 49407"):
        load_backbone(config).tokenize(["a river"])


def test_one_token_and_as_many_as_there_are_places_are_taken(backbone):
    for length in (1, 16):
        backbone.check_token_ids(torch.zeros(2, length, dtype=torch.int64))
    with pytest.raises(DataError, match=r"of shape \(2, 17\)"):
        backbone.check_token_ids(torch.zeros(2, 17, dtype=torch.int64))


def test_structure(backbone):
    assert backbone.width("image") == backbone.width("text") == 32
    assert len(backbone.blocks("image")) == len(backbone.blocks("text")) == 2
    assert (backbone.embed_dim, backbone.context_length, backbone.preprocess.size) == (
        16,
        16,
        (32, 32),
    )
    assert not backbone.training


def test_what_is_appended_to_an_mlp_sees_its_output_and_is_no_weight_of_the_backbone(
    backbone, pixels
):
    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.extra = nn.Parameter(torch.ones(1))

        def forward(self, x):
            self.seen = x.shape
            return x * self.extra

    names, digest = list(backbone.weights()), backbone.weights_hash()
    before = backbone.encode_image(pixels)
    spies = []
    for tower in ("image", "text"):
        for block in backbone.blocks(tower):
            spies.append(Spy())
            backbone.mlp(block).add_module("adapter", spies[-1])
    assert torch.equal(backbone.encode_image(pixels), before)
    assert spies[0].seen == (3, 5, 32)
    assert backbone.encode_text(backbone.tokenize(TEXTS)).shape == (3, 16)
    assert list(backbone.weights()) == names
    assert backbone.weights_hash() == digest
    backbone.load_weights(backbone.weights(), "itself")


def test_gradient_checkpointing_changes_no_gradient(backbone, pixels):
    gradients = []
    for enable in (False, True):
        backbone.set_gradient_checkpointing(enable)
        backbone.zero_grad()
        (
            backbone.encode_image(pixels).sum()
            + backbone.encode_text(backbone.tokenize(TEXTS)).sum()
        ).backward()
        gradients.append([p.grad.clone() for p in backbone.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 50
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*gradients, strict=True))


def test_gradient_checkpointing_is_refused_where_open_clip_cannot(config):
    config["vision_cfg"]["qk_norm"] = True
    backbone = load_backbone(config)
    backbone.set_gradient_checkpointing(False)
    with pytest.raises(
        BackboneError, match="blocks of a kind that open_clip cannot checkpoint; switch it off"
    ):
        backbone.set_gradient_checkpointing(True)


def test_resnet_is_a_backbone_without_adapters(config, pixels):
    config["vision_cfg"] = {"image_size": 32, "layers": [1, 1, 1, 1], "width": 32, "head_width": 32}
    backbone = load_backbone(config)
    assert backbone.encode_image(pixels).shape == (3, 16)
    assert len(backbone.blocks("text")) == 2
    for ask in (backbone.blocks, backbone.width):
        with pytest.raises(
            BackboneError, match="the image tower of config is a ModifiedResNet; .*ViT-B-32"
        ):
            ask("image")


def test_timm_trunk_is_a_backbone_without_adapters(config, pixels):
    config["vision_cfg"] = {"image_size": 32, "timm_model_name": "resnet10t", "timm_pool": "avg"}
    backbone = load_backbone(config)
    assert backbone.encode_image(pixels).shape == (3, 16)
    with pytest.raises(
        BackboneError,
        match="the image tower of config is a ResNet; adapters go into timm's Swin",
    ):
        backbone.blocks("image")


def test_other_blocks_and_towers_are_refused(backbone):
    with pytest.raises(
        BackboneError, match="a block of config is a Linear with the MLP NoneType; adapters go into"
    ):
        backbone.mlp(nn.Linear(2, 2))
    with pytest.raises(BackboneError, match="tower is 'audio'; allowed are image, text"):
        backbone.blocks("audio")
    block = backbone.blocks("text")[0]
    block.mlp = nn.Linear(32, 32)
    with pytest.raises(
        BackboneError, match="a block of config is a ResidualAttentionBlock with the MLP Linear"
    ):
        backbone.blocks("text")


def test_copies_and_pickles(backbone, pixels):
    backbone.tokenize(["a"])
    for twin in (copy.deepcopy(backbone), pickle.loads(pickle.dumps(backbone))):
        assert torch.equal(twin.encode_image(pixels), backbone.encode_image(pixels))
        assert torch.equal(twin.tokenize(TEXTS), backbone.tokenize(TEXTS))
