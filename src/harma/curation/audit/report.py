"""An audit in numbers: tables by split, and JSON."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from harma.curation.audit.audit import Audit
from harma.curation.audit.copies import KINDS
from harma.curation.audit.exclusion import Exclusion

Sides = tuple[str, str]


def copy_table(found: Audit) -> list[tuple[Sides, tuple[int, ...]]]:
    """For each two splits that share images: their names, and pairs by kind (file, pixels, near)."""
    counts: dict[Sides, Counter[str]] = {}
    order = list(dict.fromkeys((image.data, image.split) for image in found.images))
    for copy in found.copies:
        first, second = sorted(found.parts(copy), key=order.index)
        counts.setdefault((" ".join(first), " ".join(second)), Counter())[copy.kind] += 1
    return [
        (sides, tuple(kinds[kind] for kind in KINDS)) for sides, kinds in sorted(counts.items())
    ]


def caption_table(found: Audit) -> list[tuple[Sides, int]]:
    """For each two splits that share captions: their names, and distinct captions that images of both have.

    A split stands beside itself with the captions that several of its images have.
    """
    counts: Counter[Sides] = Counter()
    for caption in found.captions:
        parts = Counter(f"{found.images[i].data} {found.images[i].split}" for i in caption.images)
        counts.update((part, part) for part, number in parts.items() if number > 1)
        counts.update(combinations(parts, 2))
    return sorted(counts.items())


def as_json(found: Audit, left_out: Sequence[Exclusion]) -> dict[str, Any]:
    """Everything as plain values, images by data set, split and name."""
    images = [
        {"data": image.data, "split": image.split, "image": image.name} for image in found.images
    ]
    return {
        "num_images": len(images),
        "near_copies_looked_for": found.looks_at_near,
        "copies": [
            {
                "first": images[copy.first],
                "second": images[copy.second],
                "kind": copy.kind,
                "agreement": copy.agreement,
                "turn": copy.turn,
                "overlap": copy.overlap,
            }
            for copy in found.copies
        ],
        "groups": [[images[i] for i in group] for group in found.groups],
        "captions": [
            {"text": caption.text, "images": [images[i] for i in caption.images]}
            for caption in found.captions
        ],
        "ceilings": [vars(ceiling) for ceiling in found.ceilings],
        "exclude": [
            {
                "data": item.image.data,
                "split": item.image.split,
                "image": item.image.name,
                "copy_of": str(item.copy_of),
            }
            for item in left_out
        ],
    }
