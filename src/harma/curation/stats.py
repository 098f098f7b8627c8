"""Statistics of a data set (`harma data stats`): sizes, words, classes, equal files."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harma.curation.long_captions import UNCUT_WORDS
from harma.curation.vocabulary.stop_words import STOP_WORDS
from harma.data.annotations import load_split
from harma.data.description import DataDescription
from harma.data.split import Split
from harma.ground.progress import Advance
from harma.ground.tar_members import open_binary
from harma.scenes.rendering import size_of

MOST_NAMED = 50  # captions and words


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
    progress: Advance | None = None,
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
    loaded = [
        load_split(
            description, name, root, images=images, empty_captions="drop", max_words=UNCUT_WORDS
        )
        for name in description.chosen_splits(splits)
    ]
    # All images at once, so that one bar tells of all splits.
    paths: list[Path] = []
    image_names: list[str] = []
    words: Counter[str] = Counter()
    for split in loaded:
        paths += split.images
        image_names += [f"{split.name} {name}" for name in split.image_names]
        words += _words(split)
    files = _read_files(paths, num_workers, progress)
    parts = []
    start = 0
    for split in loaded:
        parts.append(_split_stats(split, files[start : start + split.num_images]))
        start += split.num_images
    return DataStats(
        name=description.name,
        splits=tuple(parts),
        top_words=_top(_without_stop_words(words)),
        vocabulary=len(words),
        equal_files=_across_splits(_equal(image_names, files)),
    )


class _ImageFile(NamedTuple):
    """What is counted of an image file."""

    size: tuple[int, int]
    digest: str


def _read_files(
    paths: Sequence[Path], num_workers: int, progress: Advance | None
) -> list[_ImageFile]:
    files: list[_ImageFile] = []
    # Threads suffice: reading waits for the disk, and hashing lets others run.
    with ThreadPoolExecutor(max(1, num_workers)) as pool:
        for file in pool.map(_read_file, paths):
            files.append(file)
            if progress is not None:
                progress(len(files), len(paths))
    return files


def _read_file(path: Path) -> _ImageFile:
    # From the header alone: whether pixels can be decoded is what `harma data check` looks at.
    size = size_of(path)
    with open_binary(path) as file:
        return _ImageFile(size, hashlib.file_digest(file, "sha256").hexdigest())


def _split_stats(split: Split, files: Sequence[_ImageFile]) -> SplitStats:
    lengths = [len(caption.split()) for caption in split.captions]
    texts = Counter(split.captions)
    # A caption that one image has twice is not shared: each pair counts once.
    pairs = set(zip(split.captions, split.caption_to_image.tolist(), strict=True))
    images_of_text = Counter(text for text, _ in pairs)
    # With a minimum, so that images at the end without captions count as 0.
    per_image = np.bincount(split.caption_to_image, minlength=split.num_images)
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
        vocabulary=len(_words(split)),
        top_captions=_top(texts),
        labels=_label_counts(split),
        image_sizes=dict(Counter(file.size for file in files).most_common()),
        equal_files=tuple(_equal(split.image_names, files)),
    )


def _words(split: Split) -> "Counter[str]":
    words: Counter[str] = Counter()
    for caption in split.captions:
        words.update(caption.split())
    return words


def _without_stop_words(words: "Counter[str]") -> "Counter[str]":
    return Counter({word: count for word, count in words.items() if word not in STOP_WORDS})


def _label_counts(split: Split) -> dict[str, int]:
    if split.labels is None:
        return {}
    counts = Counter(split.label_names[label] for label in split.labels.tolist())
    return dict(sorted(counts.items()))


def _counts(values: Sequence[int]) -> dict[int, int]:
    return dict(sorted(Counter(values).items()))


def _top(counted: "Counter[str]") -> tuple[tuple[str, int], ...]:
    """The most frequent; of those as frequent, by the alphabet."""
    return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_NAMED])


def _equal(names: Sequence[str], files: Sequence[_ImageFile]) -> list[tuple[str, ...]]:
    """Groups of names whose files have the same bytes."""
    groups: dict[str, list[str]] = {}
    for name, file in zip(names, files, strict=True):
        groups.setdefault(file.digest, []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _across_splits(groups: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The groups that lie in more than one split; names begin with the split."""
    across = []
    for group in groups:
        splits = {name.split()[0] for name in group}
        if len(splits) > 1:
            across.append(group)
    return tuple(across)


def stats_record(stats: DataStats) -> dict[str, object]:
    """Plain values for JSON: sizes of images as "256×256"."""
    splits = []
    for split in stats.splits:
        # Keys of JSON are texts.
        sizes = {f"{width}×{height}": count for (width, height), count in split.image_sizes.items()}
        splits.append({**vars(split), "image_sizes": sizes})
    return {**vars(stats), "splits": splits}
