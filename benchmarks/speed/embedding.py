"""Embedding with ViT-B/32: beside the bare model, matrix products alone, and float32 by engine."""

import tempfile
from functools import partial
from pathlib import Path

import open_clip
import torch
from benchmarks.engines import drawn_captions, drawn_model, drawn_pictures, exports, in_precision
from benchmarks.speed.measuring import in_turn

PART = "embedding"
IMAGES, CAPTIONS, PICTURES, ROUNDS = 32, 128, 64, 3
# What is wanted of images, by engine.
LEAST = {"torch bf16_weights": 1.9, "openvino int8": 3.5}
# Products of ViT-B/32 for one image: 12 blocks of 50 tokens, with 12 products of width × width for
# each token, and the patches.
WIDTH, TOKENS, BLOCKS = 768, 50, 12
OPERATIONS = 2 * TOKENS * WIDTH * (12 * WIDTH * BLOCKS + 3 * 32 * 32)


@torch.inference_mode()
def main():
    model = drawn_model()
    pixels, captions = torch.randn(IMAGES, 3, 224, 224), drawn_captions(CAPTIONS)
    images, texts = partial(model.encode_image, pixels), partial(model.embed_texts, captions)
    beside_bare(images, texts, pixels, captions)
    ways = {
        "torch bf16_weights": (
            in_precision(model, "bf16_weights", images),
            in_precision(model, "bf16_weights", texts),
        )
    }
    with tempfile.TemporaryDirectory() as folder:
        pictures = drawn_pictures(Path(folder) / "pictures", PICTURES)
        for name, exported in exports(model, Path(folder), pictures).items():
            of_images = partial(exported.embed_pixels, pixels.numpy())
            ways[name] = (of_images, partial(exported.embed_texts, captions))
        for name, (of_images, of_texts) in ways.items():
            turns = in_turn(of_images, images, ROUNDS)
            turns.row(PART, f"images, {name}", "torch float32", LEAST.get(name)).print()
            turns = in_turn(of_texts, texts, ROUNDS)
            turns.row(PART, f"captions, {name}", "torch float32").print()


def beside_bare(images, texts, pixels, captions):
    """Adapters in float32 beside the model without any, and beside its products alone."""
    bare, tokenize = open_clip.create_model("ViT-B-32").eval(), open_clip.get_tokenizer("ViT-B-32")
    theirs = partial(bare.encode_image, pixels)
    turns = in_turn(images, theirs, ROUNDS)
    turns.row(PART, "images, with adapters", "open_clip's bare model", 0.94).print()
    turns = in_turn(texts, lambda: bare.encode_text(tokenize(captions)), ROUNDS)
    turns.row(PART, "captions, with adapters", "open_clip's bare model").print()
    x, weight = torch.randn(IMAGES * TOKENS, WIDTH), torch.randn(WIDTH, 4 * WIDTH)
    times = max(1, round(IMAGES * OPERATIONS / (2 * x.shape[0] * weight.numel())))

    def products():
        for _ in range(times):
            x @ weight

    turns = in_turn(images, products, ROUNDS)
    turns.row(PART, "images, with adapters", "the bare model's matrix products alone").print()


if __name__ == "__main__":
    main()
