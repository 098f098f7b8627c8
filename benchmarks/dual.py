"""Whether small untrained dual encoders learn: Swin + BERT on UCM-Captions, with each of three loss settings.

    python benchmarks/dual.py --root DIR --output DIR

trains one model per setting on the train split and reads its best validation mR; the test split is
never read. A finished run is not done again. The vocabulary is made from the training captions, a
word per token.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from harma.metrics import retrieval_metrics
from harma.training.build import load_splits
from harma.training.launch import train
from harma.training.recipe import DataConfig
from harma.training.run import RunDirectory

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# The original's switches: neither, use_affil_loss with center_factor 0.5, use_triplet_loss.
LOSSES = {
    "contrastive": {"contrastive": 1.0},
    "affiliation": {"contrastive": 1.0, "affiliation": {"weight": 0.5, "temperature": 0.07}},
    "triplet": {"triplet": 1.0},
}
SWIN = {
    "timm": "swin_tiny_patch4_window7_224",
    "weights": None,
    "img_size": 64,
    "embed_dim": 32,
    "depths": [2, 2, 2],
    "num_heads": [2, 4, 8],
    "window_size": 4,
    "drop_path_rate": 0.0,
}
BERT = {
    "hidden_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 256,
    "max_position_embeddings": 64,
}


def write_vocabulary(captions: list[str], path: Path) -> int:
    """Write every word of the captions; the number of tokens."""
    words = sorted({word for caption in captions for word in caption.split()})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*SPECIAL, *words]) + "\n", encoding="utf-8")
    return len(SPECIAL) + len(words)


def recipe(
    name: str, lr: float, epochs: int, root: Path, vocabulary: Path, vocab_size: int, output: Path
) -> dict:
    text = {
        "transformers": {**BERT, "vocab_size": vocab_size},
        "tokenizer": str(vocabulary),
        "context_length": 40,
    }
    return {
        "method": "full",
        "backbone": {"image": SWIN, "text": text, "embed_dim": 128},
        # What a run evaluates at its end is validation again.
        "data": {
            "name": "ucm",
            "root": str(root),
            "test": "ucm_val.json",
            "batch_size": 64,
            "sampling": "images",
            "augment": False,
            "cache": "memory",
            "num_workers": 0,
        },
        "loss": {"terms": LOSSES[name]},
        "optim": {"lr": lr, "weight_decay": 0.05, "decay_scalars": False, "clip_norm": 1.0},
        "schedule": {"name": "cosine", "warmup": 0.1},
        "train": {
            "epochs": epochs,
            "seed": 1,
            "validate_every": 5,
            "report": False,
            "accelerator": "cpu",
        },
        "output": str(output / f"{name}_{lr:g}"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="the folder of UCM-Captions")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=list(LOSSES))
    args = parser.parse_args()
    splits = load_splits(DataConfig(name="ucm", root=str(args.root)), "train", "val")
    vocabulary = args.output / "vocab.txt"
    size = write_vocabulary(splits["train"].captions, vocabulary)
    val = splits["val"]
    # Equal scores count by expectation: exactly chance.
    chance = retrieval_metrics(np.zeros((val.num_images, val.num_captions)), val.caption_to_image)[
        "mR"
    ]
    table = Table(title=f"UCM-Captions validation, mR in percent; chance {chance:.2f}")
    for column in (
        "losses",
        "lr",
        "epochs",
        "best mR",
        "times chance",
        "dup_mR then",
        "seconds of training",
    ):
        table.add_column(column)
    for name in args.losses:
        values = recipe(name, args.lr, args.epochs, args.root, vocabulary, size, args.output)
        run = RunDirectory(values["output"])
        if not run.metrics.is_file():
            start = time.perf_counter()
            train(values, resume=run.recipe.is_file())
            print(f"{name}: {time.perf_counter() - start:.0f} s in all")
        found = [line for line in run.read_log() if line["event"] == "validation"]
        best = max(found, key=lambda line: line["mR"])
        table.add_row(
            name,
            f"{args.lr:g}",
            str(args.epochs),
            f"{best['mR']:.2f}",
            f"{best['mR'] / chance:.1f}",
            f"{best['dup_mR']:.2f}",
            f"{found[-1]['seconds']:.0f}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
