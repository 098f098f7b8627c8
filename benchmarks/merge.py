"""What a merged LoRA costs: images a second of the bare backbone, of LoRA and of LoRA merged.

    python benchmarks/merge.py --model ViT-B-32 --images 16 --rounds 10

Weights are random, as speed does not depend on them. The three take turns; medians are compared.
The largest difference between the embeddings of LoRA and of the merged model is printed too.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

from harma.backbones import load_backbone
from harma.methods.table import make_config
from harma.model.merge import merge_into
from harma.model.model import HarMA
from harma.model.saved import load, save_adapter


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="ViT-B-32", help="an open_clip architecture")
    parser.add_argument("--images", type=int, default=16, help="of a batch")
    parser.add_argument("--rounds", type=int, default=10, help="batches of each model")
    args = parser.parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        load_backbone(args.model).save(place / "start")
        lora = HarMA(load_backbone(place / "start"), make_config("lora", {})).eval()
        with torch.no_grad():
            for tensor in lora.attachment.state().values():
                tensor.normal_(std=0.01)
        save_adapter(lora, place / "run")
        merged = merge_into(place / "merged", [place / "run"])
        models = {"bare": load(place / "start"), "lora": lora, "merged": merged}
    pixels = torch.randn(args.images, 3, *lora.preprocess.size)
    seconds = {name: [] for name in models}
    with torch.inference_mode():
        difference = (lora.encode_image(pixels) - merged.encode_image(pixels)).abs().max()
        for _ in range(args.rounds):
            for name, model in models.items():
                start = time.process_time()
                model.encode_image(pixels)
                seconds[name].append(time.process_time() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in medians.items():
        print(
            f"{name:<7} {args.images / value:7.1f} images per CPU second,"
            f" {medians['bare'] / value:.3f} of bare"
        )
    print(f"largest difference between embeddings of lora and merged: {float(difference):.1e}")


if __name__ == "__main__":
    main()
