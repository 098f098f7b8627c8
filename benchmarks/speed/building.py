"""An index build beside the bare model that is fed from memory (ViT-B/32, float32)."""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from benchmarks.index.throughput import bare, built, draw, drawn_model
from benchmarks.speed.measuring import Row

PART = "building"
CHIPS, BATCH, ROUNDS = 384, 64, 3


def main():
    args = argparse.Namespace(chips=CHIPS, batch_size=BATCH)
    model, settings = drawn_model()
    rates = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "scene.tif"
        draw(source, CHIPS)
        bare(model, BATCH, BATCH)
        for number in range(ROUNDS):
            whole = built(model, settings, source, Path(folder) / f"index{number}", args)
            rates.append((whole, bare(model, CHIPS, BATCH)))
    ratio = float(np.median([whole / alone for whole, alone in rates]))
    whole, alone = np.median(rates, axis=0)
    detail = f"{whole:.0f} against {alone:.0f} images a second"
    what, against = "a build from a GeoTIFF", "its model fed from memory"
    # A process of its own reads: only the clock sees both.
    Row(PART, what, against, None, ratio, 0.9, detail).print()


if __name__ == "__main__":
    main()
