"""What `--tiles` costs: CPU seconds of a build and of searches, as ratios to an index without.

    python benchmarks/index/tiles.py --model MODEL --images DIR [--count 400] [--tiles 2]

The same pictures are indexed with and without tiles in turn, in one process that reads and embeds,
a chip per picture; then the same texts are searched in both. A build holds all it does: reading,
resizing, the model, writing.
"""

import argparse
import resource
import tempfile
from pathlib import Path

import numpy as np

# Words as a person types them; which they are makes no difference to the cost.
TEXTS = ("an airport", "boats in a harbour", "a river", "houses with trees", "storage tanks")


def cpu_seconds():
    """Of this process with all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def built(directory, sources, model, settings, tiles):
    """CPU seconds of a build."""
    from dataclasses import replace

    from harma.index.build import build

    start = cpu_seconds()
    outcome = build(directory, sources, model, replace(settings, tiles=tiles), num_workers=0)
    assert outcome.num_added == len(sources)
    return cpu_seconds() - start


def searched(directories, model, rounds=40):
    """CPU milliseconds of a search in each index, the medians of rounds in turn."""
    from harma.index.index import Index

    indexes = [Index.open(directory, model=model) for directory in directories]
    for index in indexes:
        index.warm_up()
    used = np.empty((rounds, len(indexes)))
    for row in used:
        for column, index in enumerate(indexes):
            start = cpu_seconds()
            for text in TEXTS:
                index.search(text, k=10)
            row[column] = 1000 * (cpu_seconds() - start) / len(TEXTS)
    return np.median(used, axis=0)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--tiles", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    from harma.index.build import default_settings
    from harma.model.saved import load
    from harma.scenes.reading import Reading
    from harma.scenes.sources import find_sources
    from harma.scenes.windows import Tiling

    model = load(args.model)
    settings = default_settings(
        model, args.model, None, tiling=Tiling(size=None), reading=Reading(), max_nodata=0.5
    )
    files = sorted(path for path in args.images.rglob("*") if path.is_file())
    # From all over the folder, which is mostly sorted by class.
    chosen = [files[at] for at in np.linspace(0, len(files) - 1, args.count).astype(int)]
    sources = find_sources([str(path) for path in chosen])
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        # The first build loads what the others need.
        built(Path(folder) / "first", sources[:64], model, settings, args.tiles)
        for repeat in range(args.repeats):
            plain = Path(folder) / f"plain{repeat}"
            tiled = Path(folder) / f"tiled{repeat}"
            builds = [
                built(plain, sources, model, settings, 1),
                built(tiled, sources, model, settings, args.tiles),
            ]
            searches = searched([plain, tiled], model)
            ratios.append([builds[1] / builds[0], searches[1] / searches[0]])
            print(
                f"build {builds[0]:.2f} and {builds[1]:.2f} CPU s, search {searches[0]:.2f} and"
                f" {searches[1]:.2f} CPU ms, without and with tiles",
                flush=True,
            )
    build, search = np.median(ratios, axis=0)
    print(f"median ratios with --tiles {args.tiles}: build {build:.2f}, search {search:.2f}")


if __name__ == "__main__":
    main()
