"""Embedding engines beside HarMA in float32: images and captions a second, least cosines, dup_mR.

All of them embed the same pixels and captions in turn (A B A B), each in batches that suit it; a
ratio is the median of the ratios within rounds, of CPU seconds and of wall time.

    python benchmarks/engines.py [--model MODEL] [--output DIR] [--threads 1] [--rounds 7]
    python benchmarks/engines.py --model MODEL --data ucm --root DATA --output DIR

Without --model: ViT-B/32 with HarMA's adapters, weights drawn at random. With --data: what each
engine loses of dup_mR on the test split, with its interval by the bootstrap over images.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from harma.backbones import load_backbone
from harma.data.annotations import load_split
from harma.data.description import load_description
from harma.data.synthetic import LOOKS, draw_scene, make_scene, scene_captions
from harma.evaluation.bootstrap import difference_interval
from harma.evaluation.retrieval import evaluate_split
from harma.methods.harma.config import AdapterConfig
from harma.model.embedding import embed_pixels, eval_transform_of
from harma.model.exported.model import ExportedModel
from harma.model.exported.writing import ExportOrder, export_model
from harma.model.image_files import find_images
from harma.model.model import HarMA
from harma.model.opened import OpenedModel
from harma.model.saved import load
from harma.scenes.picture import to_uint8_rgb

EXPORTS = [
    ("onnx", "float32"),
    ("onnx", "int8"),
    ("openvino", "float32"),
    ("openvino", "bf16"),
    ("openvino", "int8"),
]
AT_ONCE = 32


def drawn_model() -> HarMA:
    """ViT-B/32 with adapters that do something."""
    torch.manual_seed(0)
    model = HarMA(
        load_backbone("ViT-B-32", pretrained=False), AdapterConfig(text_attention="causal")
    )
    with torch.no_grad():
        for name, parameter in model.trained_parameters().items():
            if name.endswith("up.weight"):
                parameter.normal_(0, 0.02)
    return model.eval()


def drawn_pictures(folder: Path, count: int) -> list[Path]:
    """Files of drawn scenes, for calibration and probe."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    looks = list(LOOKS.values())
    files = []
    for seed in range(count):
        file = folder / f"{seed}.png"
        scene = make_scene(np.random.default_rng(10_000 + seed))
        Image.fromarray(draw_scene(scene, looks[seed % len(looks)], 224)).save(file)
        files.append(file)
    return files


def drawn_captions(count: int) -> list[str]:
    """Captions of drawn scenes."""
    captions: list[str] = []
    for seed in range(count):
        rng = np.random.default_rng(20_000 + seed)
        captions += scene_captions(make_scene(rng), 1, rng)
    return captions


def exports(model: HarMA, output: Path, pictures: list[Path]) -> dict[str, ExportedModel]:
    """All exports of a model, made where they are not there yet."""
    opened = {}
    for engine, precision in EXPORTS:
        directory = output / f"{engine}-{precision}"
        start = time.process_time()
        if not (directory / "engine.json").is_file():
            order = ExportOrder(engine, precision, images=pictures)
            facts = export_model(model, "benchmark", directory, order)
            print(
                f"exported {facts.told} in {time.process_time() - start:.0f} s of CPU,"
                f" least cosines {dict(facts.least_cosines)}",
                flush=True,
            )
        opened[f"{engine} {precision}"] = ExportedModel.open(
            directory, num_threads=torch.get_num_threads()
        )
    return opened


def measured(runs: dict[str, Callable[[], object]], count: int, rounds: int, what: str) -> None:
    """Run each in turn, and print a table."""
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    wall: dict[str, list[float]] = {name: [] for name in runs}
    # The first round warms up.
    for number in range(rounds + 1):
        for name, embed in runs.items():
            start = time.perf_counter()
            before = time.process_time()
            embed()
            if number:
                cpu[name].append(time.process_time() - before)
                wall[name].append(time.perf_counter() - start)
    base = next(iter(runs))
    print(f"\n{what}, {count} a round, {rounds} rounds, {torch.get_num_threads()} threads")
    print("| engine | a CPU second | × HarMA float32 (CPU) | × (wall) |\n|---|---|---|---|")
    for name in runs:
        by_cpu = [one / other for one, other in zip(cpu[base], cpu[name], strict=True)]
        by_wall = [one / other for one, other in zip(wall[base], wall[name], strict=True)]
        print(
            f"| {name} | {count / statistics.median(cpu[name]):.1f} |"
            f" {statistics.median(by_cpu):.2f} | {statistics.median(by_wall):.2f} |",
            flush=True,
        )


def in_precision(model: HarMA, precision: str, embed: Callable[[], object]) -> Callable[[], object]:
    """A run with the model in a precision, which is in float32 afterwards."""

    def run() -> object:
        model.precision = precision
        try:
            return embed()
        finally:
            model.precision = "float32"

    return run


def speed(model: HarMA, opened: dict[str, ExportedModel], args: argparse.Namespace) -> None:
    """Images from memory, then captions as strings."""
    transform = eval_transform_of(model.preprocess)
    looks = list(LOOKS.values())
    pictures = [
        draw_scene(make_scene(np.random.default_rng(seed)), looks[seed % len(looks)], 224)
        for seed in range(args.images)
    ]
    pixels = torch.stack([transform(to_uint8_rgb(picture)) for picture in pictures])
    captions = drawn_captions(args.captions)

    def images(embedder: OpenedModel) -> np.ndarray:
        parts = [embed_pixels(embedder, part) for part in pixels.split(AT_ONCE)]
        return np.concatenate(parts)

    runs: dict[str, Callable[[], object]] = {"torch float32": lambda: images(model)}
    texts: dict[str, Callable[[], object]] = {
        "torch float32": lambda: model.embed_texts(captions),
    }
    runs["torch bf16_weights"] = in_precision(model, "bf16_weights", runs["torch float32"])
    texts["torch bf16_weights"] = in_precision(model, "bf16_weights", texts["torch float32"])
    for name, exported in opened.items():
        runs[name] = lambda exported=exported: images(exported)
        texts[name] = lambda exported=exported: exported.embed_texts(captions)
    print("\nleast cosine to float32 on these images, captions")
    for name in runs:
        of_images = (runs[name]() * runs["torch float32"]()).sum(axis=1).min()
        of_texts = (texts[name]() * texts["torch float32"]()).sum(axis=1).min()
        print(f"  {name}: {of_images:.5f}, {of_texts:.5f}", flush=True)
    measured(runs, args.images, args.rounds, "images")
    measured(texts, args.captions, args.rounds, "captions")


def quality(model: HarMA, opened: dict[str, ExportedModel], args: argparse.Namespace) -> None:
    """What each engine loses of dup_mR on the test split, by the bootstrap over images."""
    split = load_split(load_description(args.data), args.root, "test")
    own = evaluate_split(model, split, compare=False)
    print(f"torch float32: dup_mR {own.metrics['dup_mR']:.2f}", flush=True)
    model.precision = "bf16_weights"
    rounded = evaluate_split(model, split, compare=False)
    model.precision = "float32"
    found = {"torch bf16_weights": rounded}
    for name, exported in opened.items():
        found[name] = evaluate_split(exported, split, compare=False)
    for name, evaluation in found.items():
        gain, low, high = difference_interval(evaluation, own, "dup_mR")
        print(f"{name}: dup_mR {gain:+.3f} ({low:+.3f} to {high:+.3f})", flush=True)


def main() -> None:
    """Export what is missing, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--output", type=Path, default=Path("engines"))
    parser.add_argument("--data", help="a data set's description: measures dup_mR instead of speed")
    parser.add_argument("--root", help="of the data set")
    parser.add_argument("--calibrate", nargs="+", help="pictures; drawn ones else")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--captions", type=int, default=256)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = load(args.model) if args.model else drawn_model()
    if args.calibrate:
        pictures = find_images(args.calibrate)
    else:
        pictures = drawn_pictures(args.output / "pictures", 192)
    opened = exports(model, args.output, pictures)
    if args.data:
        quality(model, opened, args)
        return
    speed(model, opened, args)


if __name__ == "__main__":
    main()
