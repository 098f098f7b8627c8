"""Recall through an index, against `harma evaluate`: UCM-Captions, one chip per image.

    python benchmarks/index/ucm.py --run RUN --ucm DIR --output DIR

RUN is a run of `benchmarks/ucm/methods.yaml`. The test images are indexed and every caption is
searched exactly: the scores make the same matrix that is evaluated, but for float16. Then the
images of all splits are indexed, an ANN index is forced, and captions of the test split are
searched in both ways.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from harma.data.captions import clean_caption
from harma.evaluation import load_evaluation
from harma.index import ann as anns
from harma.index.build import build, default_settings
from harma.index.compaction import keep_quick
from harma.index.index import Index
from harma.index.store import Store
from harma.metrics import retrieval_metrics
from harma.model.saved import load
from harma.scenes.reading import Reading
from harma.scenes.sources import find_sources
from harma.scenes.windows import Tiling

KS = (1, 5, 10)


def index_of(directory, names, model, name):
    settings = default_settings(
        model, name, None, tiling=Tiling(size=None), reading=Reading(), max_nodata=0.5
    )
    outcome = build(directory, find_sources(names), model, settings, num_workers=1)
    assert not outcome.problems
    return Index.open(directory, model=model)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--ucm", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    model = load(args.run)
    rows = json.loads((args.ucm / "ucm_test.json").read_text())
    images = [str((args.ucm / "images" / row["image"]).resolve()) for row in rows]
    captions = [clean_caption(text) for row in rows for text in row["caption"]]
    own = np.array([number for number, row in enumerate(rows) for _ in row["caption"]])
    vectors = dict(zip(set(captions), model.embed_texts(list(set(captions))), strict=True))
    exact_metrics(
        index_of(args.output / "test", images, model, str(args.run)),
        images,
        captions,
        own,
        vectors,
        args,
    )
    every = sorted(
        str(path.resolve()) for path in (args.ucm / "images").rglob("*") if path.is_file()
    )
    ann_recall(
        index_of(args.output / "all", every, model, str(args.run)), images, captions, own, vectors
    )


def exact_metrics(index, images, captions, own, vectors, args):
    """The figures of the evaluation, from scores of searches."""
    number = {source: n for n, source in enumerate(images)}
    similarity = np.empty((len(images), len(captions)), dtype=np.float32)
    for column, text in enumerate(captions):
        for hit in index.search(like=[vectors[text]], k=len(images), exact=True):
            similarity[number[hit.source], column] = hit.score
    found = retrieval_metrics(similarity, own)
    expected = load_evaluation(args.run).metrics
    for key in found:
        print(f"{key:<9} harma evaluate {expected[key]:7.3f}   index, exact {found[key]:7.3f}")
    print(f"largest difference {max(abs(found[key] - expected[key]) for key in found):.3f} points")


def ann_recall(index, images, captions, own, vectors):
    """Text to image among all images: compared one by one, and by the ANN index."""
    anns.PAYS = 0
    searched = keep_quick(Store(index.store.home), index.model, force=True)
    print(f"{len(index):,} chips: {searched}")
    index.refresh()
    shares = {}
    for exact in (True, False):
        ranks = np.full(len(captions), np.inf)
        for column, text in enumerate(captions):
            hits = index.search(like=[vectors[text]], k=max(KS), exact=exact)
            sources = [hit.source for hit in hits]
            if images[own[column]] in sources:
                ranks[column] = sources.index(images[own[column]])
        shares[exact] = [100 * np.mean(ranks < k) for k in KS]
    for k, exact, quick in zip(KS, shares[True], shares[False], strict=True):
        print(
            f"t2i R@{k:<2} among all: exact {exact:6.2f}   ANN {quick:6.2f}   difference"
            f" {quick - exact:+.2f}"
        )


if __name__ == "__main__":
    main()
