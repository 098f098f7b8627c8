"""Metrics of 1,093 images × 5,465 captions against a loop that sorts rows, as the original does.

And beside the recalls, what mean average precision and chance cost.

Run: python benchmarks/metrics.py
"""

import time

import numpy as np

from harma.metrics import captions_of, chance, retrieval_metrics

IMAGES, CAPTIONS_EACH, REPEATS = 1_093, 5, 5


def loop_with_argsort(similarity, caption_to_image):
    """Ranks by sorting all candidates of every query."""
    best = []
    for image, row in enumerate(similarity):
        order = np.argsort(row)[::-1]
        best.append(
            min(np.where(order == c)[0][0] for c in np.flatnonzero(caption_to_image == image))
        )
    ranks = [
        np.where(np.argsort(column)[::-1] == i)[0][0]
        for column, i in zip(similarity.T, caption_to_image, strict=True)
    ]
    recalls = [100 * np.mean(np.array(r) < k) for r in (best, ranks) for k in (1, 5, 10)]
    return float(np.mean(recalls))


def timed(function, *arguments):
    """The value, and the CPU seconds that it took: other work on the machine counts less."""
    start = time.process_time()
    value = function(*arguments)
    return value, time.process_time() - start


def main():
    rng = np.random.default_rng(0)
    caption_to_image = np.repeat(np.arange(IMAGES), CAPTIONS_EACH)
    similarity = rng.standard_normal((IMAGES, IMAGES * CAPTIONS_EACH), dtype=np.float32)
    similarity[caption_to_image, np.arange(IMAGES * CAPTIONS_EACH)] += 2
    captions = captions_of(caption_to_image, IMAGES)
    ratios = []
    of_ap = []
    of_chance = []
    for _ in range(REPEATS):
        slow, slow_seconds = timed(loop_with_argsort, similarity, caption_to_image)
        fast, fast_seconds = timed(lambda: retrieval_metrics(similarity, caption_to_image)["mR"])
        assert abs(slow - fast) < 1e-6, (slow, fast)
        ratios.append(slow_seconds / fast_seconds)
        _, with_ap = timed(lambda: retrieval_metrics(similarity, caption_to_image, ap=True))
        of_ap.append(with_ap / fast_seconds)
        _, of_equal = timed(chance, captions)
        of_chance.append(of_equal / fast_seconds)
    print(
        f"metrics of {IMAGES:,} × {IMAGES * CAPTIONS_EACH:,}: {np.median(ratios):.1f} times faster"
        " than the loop"
    )
    print(f"with average precision {np.median(of_ap):.2f} times the recalls alone")
    print(f"chance {np.median(of_chance):.2f} times the recalls")


if __name__ == "__main__":
    main()
