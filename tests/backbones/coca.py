"""A small CoCa, for tests: a model with a decoder that no embedding takes."""


def coca_config(config: dict) -> dict:
    """The configuration of a CoCa with the towers of a small CLIP."""
    vision = {
        **config["vision_cfg"],
        "attentional_pool": True,
        "attn_pooler_heads": 2,
        "output_tokens": True,
    }
    text = {**config["text_cfg"], "context_length": 15, "embed_cls": True, "output_tokens": True}
    decoder = {
        "context_length": 15,
        "vocab_size": 49408,
        "width": 32,
        "heads": 2,
        "layers": 1,
        "attn_pooler_heads": 2,
    }
    return {
        "embed_dim": 16,
        "custom_text": True,
        "vision_cfg": vision,
        "text_cfg": text,
        "multimodal_cfg": decoder,
    }
