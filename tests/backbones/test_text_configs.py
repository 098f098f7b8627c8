"""Hugging Face text towers of open_clip models: several languages, padding, their tokenizer."""

import json

import open_clip
import pytest
import torch
from tests.backbones.stand_ins import stirred
from tests.methods.adapted import OPTIONS, adapted, perturbed

from harma.backbones import load_backbone
from harma.backbones.text_configs import KNOWN_CONFIGS, text_config
from harma.errors import ConfigError, MissingFileError, WeightsError
from harma.methods.table import METHODS
from harma.model.model import HarMA
from harma.model.saved import load, save

# One query in English, German, Chinese and Arabic; their lengths differ.
QUERIES = ["a river beside a road", "ein Fluss", "机场的飞机", "نهر"]
XLM = {
    "model_type": "xlm-roberta",
    "vocab_size": 120,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 40,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
}
NLLB = {
    "model_type": "m2m_100",
    "vocab_size": 120,
    "d_model": 32,
    "encoder_layers": 2,
    "encoder_ffn_dim": 48,
    "encoder_attention_heads": 2,
    "decoder_layers": 1,
    "decoder_ffn_dim": 48,
    "decoder_attention_heads": 2,
    "max_position_embeddings": 40,
}
PIXELS = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def write_tokenizer(directory):
    """Pieces of several scripts, with XLM-R's ids of start, padding, end and unknown."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = sorted(set("".join(QUERIES)) - {" "})
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *letters, *(f"##{letter}" for letter in letters)]
    made = Tokenizer(models.WordPiece({t: i for i, t in enumerate(tokens)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    special = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=made, **special).save_pretrained(directory)
    assert len(tokens) <= 120


@pytest.fixture(params=[("xlm", XLM, "mean_pooler"), ("nllb", NLLB, "cls_pooler")])
def multilingual(request, config, tmp_path):
    """A model directory in open_clip's layout whose text tower is one of Hugging Face."""
    name, text, pooler = request.param
    tower = tmp_path / name
    tower.mkdir()
    (tower / "config.json").write_text(json.dumps(text))
    write_tokenizer(tower)
    stated = {
        "hf_model_name": str(tower),
        "hf_tokenizer_name": str(tower),
        "hf_pooler_type": pooler,
        "hf_proj_type": "linear",
        "context_length": 24,
    }
    backbone = load_backbone({**config, "quick_gelu": False, "text_cfg": stated})
    stirred(backbone.module)
    backbone.save(tmp_path / "model")
    return tmp_path / "model"


def test_queries_in_any_language_embed_as_in_open_clip(multilingual):
    backbone = load_backbone(multilingual)
    theirs, _, _ = open_clip.create_model_and_transforms(f"local-dir:{multilingual}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{multilingual}")
    token_ids = backbone.tokenize(QUERIES)
    assert torch.equal(token_ids, tokenizer(QUERIES))
    lengths = backbone.text_lengths(token_ids)
    assert len(set(lengths.tolist())) > 2
    with torch.no_grad():
        reference = theirs.eval().encode_text(token_ids)
        images = theirs.encode_image(PIXELS)
        torch.testing.assert_close(backbone.encode_text(token_ids), reference, rtol=0, atol=1e-5)
        torch.testing.assert_close(backbone.encode_image(PIXELS), images, rtol=0, atol=1e-5)
        # What is padding is not seen: alone and cut to its length a text embeds the same.
        for row, length in enumerate(lengths.tolist()):
            alone = backbone.encode_text(token_ids[row : row + 1, :length])
            torch.testing.assert_close(alone[0], reference[row], rtol=0, atol=1e-5)


def test_a_directory_is_whole_without_the_folder_of_its_text_tower(multilingual, tmp_path):
    before = load_backbone(multilingual)
    token_ids = before.tokenize(QUERIES)
    for folder in tmp_path.iterdir():
        if folder != multilingual:
            folder.rename(tmp_path / "elsewhere")
    again = load_backbone(multilingual)
    assert torch.equal(again.tokenize(QUERIES), token_ids)
    assert again.weights_hash() == before.weights_hash()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_that_is_said_to_be_taken_trains_and_is_kept(multilingual, method, tmp_path):
    if method == "mrs-adapter" and "nllb" not in str(load_backbone(multilingual).config):
        pytest.skip("BERT's blocks normalise after their MLP")
    backbone = load_backbone(multilingual)
    model = perturbed(adapted(backbone, method))
    token_ids = model.tokenize(QUERIES)
    with torch.no_grad():
        embedded = model.encode_text(token_ids)
        alone = torch.cat([model.encode_text(row[None]) for row in token_ids])
    if model.trims_text:
        torch.testing.assert_close(alone, embedded, rtol=0, atol=1e-5)
    save(model, tmp_path / "kept")
    again = load(tmp_path / "kept")
    with torch.no_grad():
        assert torch.equal(again.encode_text(token_ids), embedded)
    assert OPTIONS


def test_gradients_with_checkpointing_are_the_same(multilingual):
    gradients = []
    for enable in (False, True):
        backbone = load_backbone(multilingual)
        torch.manual_seed(0)
        model = perturbed(adapted(backbone, "lora")).train()
        backbone.set_gradient_checkpointing(enable)
        # Before the towers' dropout, which draws in the same order both times.
        torch.manual_seed(1)
        model.encode_text(model.tokenize(QUERIES)).sum().backward()
        gradients.append([t.grad for n, t in model.attachment.state().items() if "text" in n])
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, again)


def test_weights_of_another_tower_are_refused_by_name(multilingual, config, tmp_path):
    load_backbone(config).save(tmp_path / "clip")
    other = load_backbone(multilingual).config
    file = tmp_path / "clip" / "open_clip_model.safetensors"
    with pytest.raises(WeightsError, match=r"missing \(text.transformer"):
        load_backbone(file, architecture=other, quick_gelu=False)


def test_constants_that_older_transformers_stored_are_left_out(multilingual):
    backbone = load_backbone(multilingual)
    file = multilingual / "older.pt"
    ids = {"text.transformer.embeddings.position_ids": torch.arange(40)[None]}
    torch.save({**backbone.weights(), **ids}, file)
    again = load_backbone(file, architecture=backbone.config, quick_gelu=False)
    assert again.weights_hash() == backbone.weights_hash()


def test_names_that_open_clip_ships_are_known_and_others_asked_for(config):
    for name in KNOWN_CONFIGS:
        stated = {**config, "text_cfg": {"hf_model_name": name}}
        assert text_config(stated, None, "x", allow_download=False) == KNOWN_CONFIGS[name]
    published = {**config, "text_cfg": {"hf_model_name": "FacebookAI/xlm-roberta-base"}}
    assert text_config(published, None, "x", allow_download=False)["vocab_size"] == 250002
    other = {**config, "text_cfg": {"hf_model_name": "some/tower"}}
    with pytest.raises(MissingFileError, match="config of some/tower, the text tower of x"):
        text_config(other, None, "x", allow_download=False)
    assert text_config(config, None, "x", allow_download=False) is None


def test_a_file_that_is_no_config_is_refused(config, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    stated = {**config, "text_cfg": {"hf_model_name": str(tmp_path)}}
    with pytest.raises(ConfigError, match="is no config of transformers: it states no model_type"):
        text_config(stated, None, "x", allow_download=False)


def test_a_tower_that_open_clip_cannot_pool_is_refused(config, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**XLM, "model_type": "electra"}))
    stated = {"hf_model_name": str(tmp_path), "hf_pooler_type": "mean_pooler"}
    with pytest.raises(ConfigError, match="open_clip cannot build a model of .*hf_model_name"):
        HarMA(load_backbone({**config, "text_cfg": stated}))
