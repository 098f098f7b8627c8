"""Text towers: padding, blocks of other kinds, weights of published files."""

import pytest
import torch
from tests.backbones.dual import SMALL, TEXTS, stirred

from harma.backbones import load_backbone
from harma.errors import BackboneError, ConfigError, DataError
from harma.methods.harma.attach import detach
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA


def test_a_padding_id_other_than_zero(tiny_dual, tmp_path):
    tokens = ["red", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "roof", "[PAD]"]
    (tmp_path / "vocab.txt").write_text("\n".join(tokens) + "\n")
    text = {**tiny_dual["text"], "tokenizer": str(tmp_path / "vocab.txt")}
    with pytest.raises(
        ConfigError, match="pads with id 6, the text encoder with 0; state pad_token_id"
    ):
        load_backbone({**tiny_dual, "text": text}).tokenize(["red"])
    text["transformers"] = {**text["transformers"], "pad_token_id": 6}
    model = HarMA(load_backbone({**tiny_dual, "text": text}))
    ids = model.tokenize(["red", "red roof red"])
    assert ids[0].tolist() == [2, 0, 3] + [6] * 13
    assert model.text_lengths(ids).tolist() == [3, 5]
    alone = [model.embed_texts([text])[0] for text in ("red", "red roof red")]
    for one, row in zip(alone, model.embed_texts(["red", "red roof red"]), strict=True):
        assert one == pytest.approx(row, abs=1e-6)
    # The token of id 0 is one like any other.
    assert model.embed_texts(["roof"])[0] != pytest.approx(
        model.embed_texts(["red roof"])[0], abs=1e-4
    )


@pytest.mark.parametrize(
    "config",
    [
        {
            "model_type": "distilbert",
            "vocab_size": 40,
            "dim": 32,
            "n_layers": 2,
            "n_heads": 2,
            "hidden_dim": 48,
        },
        {
            "model_type": "roberta",
            "vocab_size": 40,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 48,
            "pad_token_id": 0,
        },
        {
            "model_type": "deberta-v2",
            "vocab_size": 40,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 48,
        },
    ],
)
def test_other_text_towers_of_berts_kind(tiny_dual, config):
    backbone = load_backbone({**tiny_dual, "text": {**tiny_dual["text"], "transformers": config}})
    ids = backbone.tokenize(TEXTS)
    before = backbone.encode_text(ids)
    HarMA(backbone, AdapterConfig(**SMALL))
    assert torch.equal(backbone.encode_text(ids), before)
    detach(backbone)
    model = stirred(backbone)
    one = model.tokenize([TEXTS[1]])
    with torch.no_grad():
        short = model.encode_text(one)
        torch.testing.assert_close(model.encode_text(ids)[1], short[0], atol=1e-5, rtol=1e-4)
        assert not torch.allclose(
            short, torch.nn.functional.normalize(before[1:2], dim=-1), atol=1e-3
        )


def text_of(tiny_dual, kind, **values):
    config = {
        "model_type": kind,
        "vocab_size": 40,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 40,
        "pad_token_id": 0,
        **values,
    }
    return {**tiny_dual, "text": {**tiny_dual["text"], "transformers": config}}


def test_where_padding_is_seen_in_spite_of_the_mask_no_text_is_trimmed(tiny_dual):
    backbone = load_backbone(text_of(tiny_dual, "convbert", embedding_size=32))
    assert not backbone.trims_text
    model = HarMA(backbone, AdapterConfig(**SMALL)).eval()
    assert not model.trims_text
    ids = model.tokenize(TEXTS)
    assert model.text_lengths(ids).tolist() == [16] * 4
    with torch.no_grad():
        torch.testing.assert_close(
            model.encode_text(ids)[1:2], model.encode_text(ids[1:2]), atol=1e-5, rtol=1e-4
        )
    with pytest.raises(DataError, match=r"takes integers \(B, L\) with L = 16, as"):
        model.encode_text(ids[:, :8])


def test_an_encoder_that_always_calls_its_pooler(tiny_dual):
    backbone = load_backbone(text_of(tiny_dual, "layoutlm"))
    assert backbone.encode_text(backbone.tokenize(TEXTS)).shape == (4, 16)
    assert not [name for name in backbone.weights() if "pooler" in name]


@pytest.mark.parametrize(
    ("kind", "values"),
    [("mobilebert", {"true_hidden_size": 16, "intra_bottleneck_size": 16}), ("ibert", {})],
)
def test_blocks_whose_mlp_ends_otherwise_take_no_adapters(tiny_dual, kind, values):
    backbone = load_backbone(text_of(tiny_dual, kind, **values))
    assert backbone.encode_text(backbone.tokenize(TEXTS)).shape == (4, 16)
    with pytest.raises(BackboneError, match=r"the text tower is a \w+; adapters go into"):
        HarMA(backbone, AdapterConfig(**SMALL))


def test_a_text_tower_of_another_kind_takes_no_adapters(tiny_dual):
    config = {
        "model_type": "albert",
        "vocab_size": 40,
        "hidden_size": 32,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "embedding_size": 8,
    }
    backbone = load_backbone({**tiny_dual, "text": {**tiny_dual["text"], "transformers": config}})
    with pytest.raises(BackboneError, match="the text tower is a AlbertModel; adapters go into"):
        HarMA(backbone, AdapterConfig(**SMALL))


@pytest.mark.parametrize("prefix", ["bert.", ""])
def test_weights_of_a_published_file_lose_heads_and_older_names(tiny_dual, prefix):
    tower = load_backbone(tiny_dual).text
    state = {name: tensor.clone() for name, tensor in tower.encoder.state_dict().items()}
    published = {}
    for name, tensor in state.items():
        older = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        published[prefix + older.replace("LayerNorm.bias", "LayerNorm.beta")] = tensor
    published[f"{prefix}embeddings.position_ids"] = torch.zeros(1, 40)
    heads = ["cls.predictions.bias", f"{prefix}pooler.dense.weight"]
    # A task's head is told from the encoder by the prefix alone.
    heads += ["qa_outputs.weight"] if prefix else ["lm_head.bias"]
    converted = tower.load_encoder({**published, **dict.fromkeys(heads, torch.ones(1))}, "theirs")
    assert converted.keys() == state.keys()
    assert all(torch.equal(converted[name], tensor) for name, tensor in state.items())


def test_positions_are_counted_from_the_padding_id_in_roberta(tiny_dual):
    assert load_backbone(tiny_dual).text.max_positions == 40
    roberta = text_of(tiny_dual, "roberta", pad_token_id=1, max_position_embeddings=24)
    with torch.device("meta"):
        assert load_backbone(roberta).text.max_positions == 24 - 2


def test_lengths_reach_to_the_last_token_that_is_no_padding(tiny_dual):
    tower = load_backbone(tiny_dual).text
    ids = torch.tensor([[2, 5, 3, 0, 0], [2, 0, 3, 0, 0], [0, 0, 0, 0, 0], [2, 5, 6, 7, 3]])
    assert tower.lengths(ids).tolist() == [3, 3, 1, 5]
