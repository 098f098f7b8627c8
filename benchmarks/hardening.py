"""What looking at files with suspicion costs: reading of a build, beside that of another commit.

    git worktree add /tmp/before COMMIT
    python benchmarks/hardening.py /tmp/before/src [--rounds 5] [--scenes 60]

Rasters and pictures are surveyed, cut and made as large as a model takes them, without a model; in
turn by the other commit and by this one, a process each. Seconds of computing: others may use the
machine.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parents[1] / "src"
CHILD = """
import json, sys, time
from harma.data.transforms import eval_resize
from harma.index.reading import SceneCache, Task, read
from harma.index.settings import Settings
from harma.index.survey import survey
from harma.scenes.reading import Reading
from harma.scenes.sources import find_sources
from harma.scenes.windows import Tiling
try:
    from harma.index.known_sources import KnownSources
    known = KnownSources(None)
except ImportError:
    known = {}  # of earlier commits
tiling = Tiling(size=128)
settings = Settings("m", None, "m", 4, tiling, Reading(), 1.0)
resize = eval_resize((64, 64))
def once():
    chips = 0
    cache = SceneCache()
    for seen in survey(find_sources([sys.argv[1]]), known, tiling, Reading(), num_workers=1):
        numbers = range(len(seen.windows))
        task = Task(seen.source, seen.content, numbers, len(numbers), picture=seen.picture)
        chips += sum(len(read(piece, settings, resize, cache).chips) for piece in task.pieces())
    cache.close()
    return chips
chips = once()
begun = time.process_time()
once()
print(json.dumps([chips, time.process_time() - begun]))
"""


def write_scenes(folder: Path, count: int) -> None:
    """Small GeoTIFFs, where opening counts most, and JPEGs."""
    import numpy as np
    import rasterio
    from PIL import Image

    rng = np.random.default_rng(0)
    for number in range(count):
        values = rng.integers(0, 255, (3, 256, 256), dtype=np.uint8)
        place = rasterio.Affine(1, 0, 500_000 + 300 * number, 0, -1, 5_000_000)
        with rasterio.open(
            folder / f"scene{number}.tif",
            "w",
            driver="GTiff",
            width=256,
            height=256,
            count=3,
            dtype="uint8",
            crs="EPSG:32631",
            transform=place,
            compress="deflate",
        ) as dataset:
            dataset.write(values)
        Image.fromarray(np.moveaxis(values, 0, -1)).save(folder / f"picture{number}.jpg")


def seconds_of(source: Path, folder: Path) -> tuple[int, float]:
    """Chips, and seconds of computing, by the package in a folder."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", CHILD, str(folder)],
        env={"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    chips, seconds = json.loads(done.stdout.splitlines()[-1])
    return chips, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="src of the other commit")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scenes", type=int, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_scenes(folder, args.scenes)
        ratios = []
        for _ in range(args.rounds):
            before_chips, before = seconds_of(args.before, folder)
            chips, now = seconds_of(HERE, folder)
            assert chips == before_chips, (chips, before_chips)
            ratios.append(now / before)
            print(
                f"{chips} chips: {before:.2f} s before, {now:.2f} s now, ×{ratios[-1]:.3f}",
                flush=True,
            )
    print(f"median ×{statistics.median(ratios):.3f}, from ×{min(ratios):.3f} to ×{max(ratios):.3f}")


if __name__ == "__main__":
    main()
