"""Embedding and training steps of CLIP sizes on a GPU, float32 and bf16, with adapters and bare.

    python benchmarks/gpu.py [--models ViT-B-32 ViT-L-14]

Weights are drawn at random, pixels lie on the device: what is measured is the model, not the disk.
Each figure is the median of several, all of one process; ratios are of two figures of one run. It
runs on a CPU too (--device cpu), with a config file of a small model where it only has to run.
"""

import argparse
import statistics
import time
from contextlib import contextmanager, nullcontext

import torch
from lightning_fabric import Fabric
from torch import nn

from harma.backbones import load_backbone
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA
from harma.training.compiled import CompiledBlocks
from harma.training.feed import shortened
from harma.training.graphs import GraphedGradients
from harma.training.objective import Objective
from harma.training.step import Batch, compute_gradients
from step import CAPTION, originals_structure

PAIRS = {"ViT-B-32": 428, "ViT-L-14": 107}
CAPTIONS = [
    f"{CAPTION} {words}".strip()
    for words in ("", "beside a river", "with some cars", "and two roads cross")
]
# torch's name of TF32: products of float32 with rounded factors.
PRECISIONS = {
    "float32": ("float32", "highest"),
    "tf32": ("float32", "high"),
    "bf16": ("bf16", "highest"),
}


def milliseconds(what, args):
    """Median time of a call."""
    what()
    what()
    times = []
    for _ in range(args.repeats):
        start = now(args)
        what()
        times.append(1000 * (now(args) - start))
    return statistics.median(times)


def now(args):
    """The time, when the device has done what it was given."""
    if args.device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


@contextmanager
def computing(model, name):
    precision, products = PRECISIONS[name]
    model.precision = precision
    torch.set_float32_matmul_precision(products)
    try:
        yield
    finally:
        model.precision = "float32"
        torch.set_float32_matmul_precision("highest")


def trained_a_little(model):
    """Adapters that add something: at the start they add nothing, whatever the precision."""
    last = [
        parameter
        for name, parameter in model.trained_parameters().items()
        if name.endswith("up.weight")
    ]
    assert last
    for parameter in last:
        nn.init.normal_(parameter, std=0.02)
    return model


def embedding(name, args):
    model = trained_a_little(
        HarMA(load_backbone(name, pretrained=False), AdapterConfig(text_attention="causal"))
    )
    model = model.eval().to(args.device)
    pixels = torch.randn(args.images, 3, *model.preprocess.size, device=args.device)
    token_ids = model.tokenize((CAPTIONS * args.images)[: args.images]).to(args.device)
    print(
        f"\n{name}: embedding {args.images} images / captions of {CAPTION.count(' ') + 1} to 18"
        " words"
    )
    print("precision      images/s   adapters   captions/s   adapters   least cosine to float32")
    both = (model.encode_image, pixels), (model.encode_text, token_ids)
    with torch.inference_mode():
        exact = model.encode_image(pixels)
        for precision in PRECISIONS:
            with computing(model, precision):
                times = [milliseconds(lambda f=f, x=x: f(x), args) for f, x in both]
                cosine = (model.encode_image(pixels) * exact).sum(-1).min().item()
                with model.without_adapters():
                    bare = [milliseconds(lambda f=f, x=x: f(x), args) for f, x in both]
            image, text = (
                f"{1000 * args.images / ms:12.0f} {100 * (ms / alone - 1):10.1f} %"
                for ms, alone in zip(times, bare, strict=True)
            )
            print(f"{precision:<10} {image} {text} {cosine:12.6f}", flush=True)


def one_step(model, precision, pairs, args, *, graphs=False, compiles=False, chunk=None):
    """Milliseconds and peak GB of a training step, and seconds of the first three."""
    fabric = Fabric(accelerator=args.device, devices=1, precision=precision)
    fused = args.device == "cuda"
    optimizer = torch.optim.AdamW(model.trained_parameters().values(), lr=1e-6, fused=fused)
    wrapped, optimizer = fabric.setup(model, optimizer)
    token_ids = model.tokenize((CAPTIONS * pairs)[:pairs])
    batch = Batch(
        torch.randn(pairs, 3, *model.preprocess.size),
        token_ids[:, None],
        torch.arange(pairs),
        torch.arange(pairs),
        torch.arange(pairs)[:, None],
    )
    batch = Batch(*(tensor.to(fabric.device) for tensor in shortened(model, batch)))
    objective = Objective({"contrastive": 1.0, "weighted_triplet": 1.0})
    compute = GraphedGradients() if graphs else compute_gradients
    blocks = CompiledBlocks(model.backbone).used if compiles else nullcontext

    def step():
        optimizer.zero_grad(set_to_none=True)
        with blocks():
            compute(fabric, wrapped, objective, batch, chunk_size=chunk, view_dropout=0.2)
        optimizer.step()

    if args.device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    start = now(args)
    for _ in range(3):
        step()
    first = now(args) - start
    ms = milliseconds(step, args)
    gb = torch.cuda.max_memory_allocated() / 1e9 if args.device == "cuda" else float("nan")
    return ms, gb, first


def training(name, args):
    pairs = args.pairs or PAIRS.get(name, 64)
    print(f"\n{name}: a training step of {pairs} pairs, contrastive and weighted triplet loss")
    print("                                              ms   pairs/s   peak GB   first three s")

    def measured(label, model, precision, **options):
        try:
            ms, gb, first = one_step(
                model.train().to(args.device), precision, pairs, args, **options
            )
        except torch.cuda.OutOfMemoryError:
            print(f"{label:<40} out of memory", flush=True)
            return
        rate = 1000 * pairs / ms
        print(f"{label:<40} {ms:8.1f} {rate:9.0f} {gb:9.1f} {first:15.1f}", flush=True)

    def ours():
        return HarMA(load_backbone(name, pretrained=False), AdapterConfig(text_attention="causal"))

    def theirs():
        return originals_structure(
            HarMA(load_backbone(name, pretrained=False), AdapterConfig(variant="released"))
        )

    measured("original's structure, float32", theirs(), "32-true")
    measured("original's structure, bf16", theirs(), "bf16-mixed")
    measured("ours, float32", ours(), "32-true")
    measured("ours, bf16", ours(), "bf16-mixed")
    if args.device == "cuda":
        measured("ours, bf16, recorded", ours(), "bf16-mixed", graphs=True)
    if not args.no_compile:
        measured("ours, bf16, compiled", ours(), "bf16-mixed", compiles=True)
    if args.device == "cuda" and not args.no_compile:
        both = {"compiles": True, "graphs": True}
        measured("ours, bf16, compiled, recorded", ours(), "bf16-mixed", **both)
    measured(f"ours, bf16, chunks of {pairs // 4}", ours(), "bf16-mixed", chunk=pairs // 4)
    whole = HarMA(load_backbone(name, pretrained=False))
    whole.train_backbone()
    measured("whole model, bf16", whole, "bf16-mixed")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=list(PAIRS), help="open_clip names")
    parser.add_argument("--images", type=int, default=256, help="embedded at once")
    parser.add_argument("--pairs", type=int, help="of a step (428 for ViT-B-32, 107 for ViT-L-14)")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no GPU here; --device cpu shows at least that it runs")
    print(
        f"{torch.cuda.get_device_name() if args.device == 'cuda' else 'CPU'}, torch"
        f" {torch.__version__}"
    )
    for name in args.models:
        embedding(name, args)
        training(name, args)


if __name__ == "__main__":
    main()
