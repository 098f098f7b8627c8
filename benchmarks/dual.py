"""Whether small untrained dual encoders learn: Swin + BERT on UCM-Captions, with three losses.

    python benchmarks/dual.py --root DIR --output DIR

trains one model per setting of the losses on the train split and reads its best validation mR; the
test split is never read. A finished run is not done again. The vocabulary is made from the training
captions, a word per token.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from harma.ground.reading import read_events
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
COLUMNS = (
    "losses",
    "lr",
    "epochs",
    "best mR",
    "times chance",
    "dup_mR then",
    "seconds of training",
)


def write_vocabulary(captions: list[str], path: Path) -> int:
    """Write every word of the captions; the number of tokens."""
    words = sorted(set(" ".join(captions).split()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*SPECIAL, *words]) + "\n", encoding="utf-8")
    return len(SPECIAL) + len(words)


@dataclass(frozen=True)
class Setting:
    """What all runs share.

    Attributes:
        root: the folder of UCM-Captions.
        output: where runs are written.
        vocabulary: file of tokens.
        vocab_size: how many there are.
        lr: learning rate.
        epochs: of each run.
    """

    root: Path
    output: Path
    vocabulary: Path
    vocab_size: int
    lr: float
    epochs: int


def recipe(losses: str, setting: Setting) -> dict[str, object]:
    """Of a run with one of `LOSSES`."""
    text = {
        "transformers": {**BERT, "vocab_size": setting.vocab_size},
        "tokenizer": str(setting.vocabulary),
        "context_length": 40,
    }
    return {
        "method": "full",
        "backbone": {"image": SWIN, "text": text, "embed_dim": 128},
        # What a run evaluates at its end is validation again.
        "data": {
            "name": "ucm",
            "root": str(setting.root),
            "test": "ucm_val.json",
            "batch_size": 64,
            "sampling": "images",
            "augment": False,
            "cache": "memory",
            "num_workers": 0,
        },
        "loss": {"terms": LOSSES[losses]},
        "optim": {"lr": setting.lr, "weight_decay": 0.05, "decay_scalars": False, "clip_norm": 1.0},
        "schedule": {"name": "cosine", "warmup": 0.1},
        "train": {
            "epochs": setting.epochs,
            "seed": 1,
            "validate_every": 5,
            "report": False,
            "accelerator": "cpu",
        },
        "output": str(setting.output / f"{losses}_{setting.lr:g}"),
    }


def read_arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="the folder of UCM-Captions")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=list(LOSSES))
    return parser.parse_args()


def run_of(losses: str, setting: Setting) -> RunDirectory:
    """The finished run; trained now, or gone on with, if it is not there."""
    values = recipe(losses, setting)
    run = RunDirectory(str(values["output"]))
    if not run.metrics.is_file():
        start = time.perf_counter()
        train(values, resume=run.recipe.is_file())
        print(f"{losses}: {time.perf_counter() - start:.0f} s in all")
    return run


def row(losses: str, setting: Setting, chance: float) -> list[str]:
    """Of the table: a run's best validation."""
    events = read_events(run_of(losses, setting).log)
    validations = [event for event in events if event["event"] == "validation"]
    best = max(validations, key=lambda event: event["mR"])
    return [
        losses,
        f"{setting.lr:g}",
        str(setting.epochs),
        f"{best['mR']:.2f}",
        f"{best['mR'] / chance:.1f}",
        f"{best['dup_mR']:.2f}",
        f"{validations[-1]['seconds']:.0f}",
    ]


def main() -> None:
    """Train what is missing, and print the table."""
    args = read_arguments()
    splits = load_splits(DataConfig(name="ucm", root=str(args.root)), "train", "val")
    vocabulary = args.output / "vocab.txt"
    size = write_vocabulary(splits["train"].captions, vocabulary)
    setting = Setting(args.root, args.output, vocabulary, size, args.lr, args.epochs)
    val = splits["val"]
    # Equal scores count by expectation: exactly chance.
    equal = np.zeros((val.num_images, val.num_captions))
    chance = retrieval_metrics(equal, val.caption_to_image)["mR"]
    table = Table(title=f"UCM-Captions validation, mR in percent; chance {chance:.2f}")
    for column in COLUMNS:
        table.add_column(column)
    for losses in args.losses:
        table.add_row(*row(losses, setting, chance))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
