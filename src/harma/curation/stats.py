"""What a data set is made of (`harma data stats`): sizes, words, labels, copies."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harma.curation.check import Progress
from harma.curation.vocabulary.stop_words import STOP_WORDS
from harma.data.annotations import load_split
from harma.data.description import DataDescription
from harma.data.images import picture_size
from harma.data.split import Split
from harma.errors import ConfigError

TOP = 50  # captions, words and sizes that are named


@dataclass(frozen=True)
class SplitStats:
    """A split in numbers.

    Attributes:
        split: its name.
        num_images: N.
        num_captions: M.
        num_distinct: captions that differ after cleaning.
        num_shared: captions whose text another image has too.
        num_dropped: captions and images left out because nothing is left of them after cleaning.
        captions_per_image: captions of an image → images.
        caption_lengths: words of a cleaned caption → captions.
        num_words: words in all captions.
        vocabulary: distinct words.
        top_captions: the most frequent captions and how often they come.
        labels: label → images; {} without labels.
        image_sizes: (width, height) → images.
        equal_files: groups of images with the same bytes, names in each.
    """

    split: str
    num_images: int
    num_captions: int
    num_distinct: int
    num_shared: int
    num_dropped: int
    captions_per_image: dict[int, int]
    caption_lengths: dict[int, int]
    num_words: int
    vocabulary: int
    top_captions: tuple[tuple[str, int], ...]
    labels: dict[str, int]
    image_sizes: dict[tuple[int, int], int]
    equal_files: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class DataStats:
    """A data set in numbers.

    Attributes:
        name: of the data set.
        splits: each split.
        top_words: the most frequent words of all splits but for stop words, and how often they
            come.
        vocabulary: distinct words of all splits.
        equal_files: groups of images with the same bytes in more than one split, "split name" each.
    """

    name: str
    splits: tuple[SplitStats, ...]
    top_words: tuple[tuple[str, int], ...]
    vocabulary: int
    equal_files: tuple[tuple[str, ...], ...]


def data_stats(
    description: DataDescription,
    root: Path,
    *,
    splits: Sequence[str] | None = None,
    images: Path | None = None,
    num_workers: int = 4,
    progress: Progress | None = None,
) -> DataStats:
    """Count what a data set holds; captions are cleaned but not cut.

    Args:
        description: the data set.
        root: the folder its files are in.
        splits: which splits; None takes all.
        images: the image folder, if not where the description says.
        num_workers: threads that read image files.
        progress: called with (images read, images in all).

    Raises:
        ConfigError: the data set has no such split, or none at all.
        DataError: annotations are not usable, or a file is no image.
        MissingFileError: files are not there.
    """
    names = description.splits if splits is None else tuple(splits)
    if not names:
        raise ConfigError(
            f"data set {description.name} names no annotation files; add train, val or test to it"
        )
    loaded = [
        load_split(description, name, root, images=images, empty_captions="drop", max_words=10**6)
        for name in names
    ]
    paths = [path for split in loaded for path in split.images]
    read: list[tuple[tuple[int, int], str]] = []
    with ThreadPoolExecutor(max(1, num_workers)) as pool:
        for item in pool.map(_size_and_hash, paths):
            read.append(item)
            if progress is not None:
                progress(len(read), len(paths))
    parts, start = [], 0
    for split in loaded:
        parts.append(_split_stats(split, read[start : start + split.num_images]))
        start += split.num_images
    words = Counter(
        word for split in loaded for caption in split.captions for word in caption.split()
    )
    naming = Counter({word: count for word, count in words.items() if word not in STOP_WORDS})
    where = [f"{split.name} {name}" for split in loaded for name in split.image_names]
    groups = _equal(where, [digest for _, digest in read])
    across = [group for group in groups if len({name.split()[0] for name in group}) > 1]
    return DataStats(description.name, tuple(parts), _top(naming), len(words), tuple(across))


def _size_and_hash(path: Path) -> tuple[tuple[int, int], str]:
    size = picture_size(path)
    with path.open("rb") as file:
        return size, hashlib.file_digest(file, "sha256").hexdigest()


def _split_stats(split: Split, read: Sequence[tuple[tuple[int, int], str]]) -> SplitStats:
    lengths = [len(caption.split()) for caption in split.captions]
    texts = Counter(split.captions)
    pairs = set(zip(split.captions, split.caption_to_image.tolist(), strict=True))
    images_of_text = Counter(text for text, _ in pairs)
    words = Counter(word for caption in split.captions for word in caption.split())
    per_image = np.bincount(split.caption_to_image, minlength=split.num_images)
    labels = (
        Counter(split.label_names[i] for i in split.labels.tolist())
        if split.labels is not None
        else {}
    )
    return SplitStats(
        split=split.name,
        num_images=split.num_images,
        num_captions=split.num_captions,
        num_distinct=len(texts),
        num_shared=sum(count for text, count in texts.items() if images_of_text[text] > 1),
        num_dropped=len(split.dropped),
        captions_per_image=_counts(per_image.tolist()),
        caption_lengths=_counts(lengths),
        num_words=sum(lengths),
        vocabulary=len(words),
        top_captions=_top(texts),
        labels=dict(sorted(labels.items())),
        image_sizes=dict(Counter(size for size, _ in read).most_common()),
        equal_files=tuple(_equal(split.image_names, [digest for _, digest in read])),
    )


def _counts(values: Sequence[int]) -> dict[int, int]:
    return dict(sorted(Counter(values).items()))


def _top(counted: "Counter[str]") -> tuple[tuple[str, int], ...]:
    """The most frequent; of those as frequent, by the alphabet."""
    return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:TOP])


def _equal(names: Sequence[str], digests: Sequence[str]) -> list[tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for name, digest in zip(names, digests, strict=True):
        groups.setdefault(digest, []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def as_json(stats: DataStats) -> dict[str, object]:
    """Plain values for JSON: sizes of images as "256×256"."""
    splits = []
    for split in stats.splits:
        sizes = {f"{width}×{height}": count for (width, height), count in split.image_sizes.items()}
        splits.append({**vars(split), "image_sizes": sizes})
    return {**vars(stats), "splits": splits}
