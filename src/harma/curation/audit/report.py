"""An audit in numbers: tables by split, JSON, and all files of an audit in a folder."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from harma.curation.audit.audit import Audit
from harma.curation.audit.copies import COPY_KINDS
from harma.curation.audit.exclusion import Exclusion, write_exclusions
from harma.curation.audit.sheet import write_pair_sheets
from harma.ground.files import write_json

Sides = tuple[str, str]


def write_audit(
    directory: Path,
    data: Sequence[str],
    result: Audit,
    left_out: Sequence[Exclusion],
    *,
    most_pairs: int,
) -> list[Path]:
    """Write exclusion lists, everything as JSON, and contact sheets.

    Args:
        directory: where; made if needed.
        data: names of the data sets, each of which gets a list.
        result: of the audit.
        left_out: images of the lists.
        most_pairs: pairs on the sheets.
    """
    paths = write_exclusions(directory, data, left_out)
    paths.append(directory / "audit.json")
    write_json(paths[-1], audit_record(result, left_out))
    return [*paths, *write_pair_sheets(directory, result, most=most_pairs)]


def copy_table(result: Audit) -> list[tuple[Sides, tuple[int, ...]]]:
    """For each two splits that share images: their names, and pairs by kind (`COPY_KINDS`)."""
    counts: dict[Sides, Counter[str]] = {}
    order = list(dict.fromkeys(image.part for image in result.images))
    for copy in result.copies:
        # One row for two splits, whichever of them has the first image.
        first, second = sorted((image.part for image in result.pair(copy)), key=order.index)
        counts.setdefault((first, second), Counter())[copy.kind] += 1
    table = []
    for sides, kinds in sorted(counts.items()):
        table.append((sides, tuple(kinds[kind] for kind in COPY_KINDS)))
    return table


def caption_table(result: Audit) -> list[tuple[Sides, int]]:
    """For each two splits that share captions: their names, and how many both have.

    Captions count once. A split stands beside itself with the captions that several of its images
    have.
    """
    counts: Counter[Sides] = Counter()
    for caption in result.captions:
        # How many images of each split have the caption.
        parts = Counter(result.images[image].part for image in caption.images)
        counts.update((part, part) for part, number in parts.items() if number > 1)
        counts.update(combinations(parts, 2))
    return sorted(counts.items())


def audit_record(result: Audit, left_out: Sequence[Exclusion]) -> dict[str, object]:
    """Everything as plain values for JSON, images by data set, split and name."""
    # Numbers mean nothing outside of this run: images stand in JSON by their names.
    images = [
        {"data": image.data, "split": image.split, "image": image.name} for image in result.images
    ]
    copies = [
        {
            "first": images[copy.first],
            "second": images[copy.second],
            "kind": copy.kind,
            "agreement": copy.agreement,
            "turn": copy.turn,
            "overlap": copy.overlap,
        }
        for copy in result.copies
    ]
    excluded = [
        {
            "data": item.image.data,
            "split": item.image.split,
            "image": item.image.name,
            "copy_of": str(item.copy_of),
        }
        for item in left_out
    ]

    def members(numbers: Sequence[int]) -> list[dict[str, str]]:
        return [images[index] for index in numbers]

    return {
        "num_images": len(images),
        "near_copies_looked_for": result.looks_at_near,
        "copies": copies,
        "groups": [members(group) for group in result.groups],
        "captions": [
            {"text": caption.text, "images": members(caption.images)} for caption in result.captions
        ],
        "ceilings": [vars(ceiling) for ceiling in result.ceilings],
        "exclude": excluded,
    }
